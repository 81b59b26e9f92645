"""The family of a real project on disk: two students of one set, and one of another."""

import shutil
from pathlib import Path

import pytest
from support.evaluation.planted_answers import planted_evidence
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers

from stillroom.pipelines.evaluate.nodes import compare_students
from stillroom.training.run_provenance import write_provenance

COST = {
    "teacher": {"parameters": 9_000},
    "student": {"parameters": 5},
}


def test_all_students_of_the_set_stand_beside_their_teacher(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    labels = soft_labels(made, teachers, tmp_path / "set")
    every = tmp_path / "students"
    for name, content in (("own", ""), ("kin", ""), ("stranger", "cd" * 32)):
        runs = untrained_teachers(made, every / name)
        (runs / "member_0").rename(runs / "student")
        (runs / "member_1").rename(runs / "control")
        write_provenance(runs, content or labels.manifest.content, {})

    def compared() -> list[dict[str, object]]:
        return compare_students(
            made.examples,
            made.encoder,
            labels,
            every / "own",
            every,
            planted_evidence().to_json(),
            COST,
        )

    records = compared()
    assert [row["model"] for row in records] == ["teacher", "own", "kin"]
    assert {row["measure"] for row in records} == {"accuracy"}
    assert records[2]["parameters"] == 64 * 32 + 32 + 32 * 3 + 3
    # This run's student is recorded as right on nine of ten, with hardly any parameters.
    assert [row["front"] for row in records] == [1, 1, 0]
    assert records[1]["quality"] == pytest.approx(0.9, abs=0.02)
    shutil.rmtree(every / "kin")
    assert compared() == []
