"""Lineage, traced from the files on disk, and the command that makes the student again."""

from pathlib import Path

import pytest
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.licences_and_lineage import own_licence

from stillroom.assess.lineage import command_of
from stillroom.config.compose import compose
from stillroom.config.schema import plain
from stillroom.io.files.hashing import sha256_json
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.pipelines.evaluate.nodes import trace_lineage
from stillroom.reporting.provenance.lineage import from_json

ROOT = Path(__file__).resolve().parents[2]
REPORT = {"source": "digits", "path": None, "files": {"a": "1" * 64}}


def test_it_names_what_lies_there_and_equal_files_give_equal_bytes(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    students = untrained_teachers(made, tmp_path / "tiny", members=1)
    (students / "member_0").rename(students / "student")
    labels = soft_labels(made, teachers, tmp_path / "s")
    parts = (students, labels, teachers, own_licence(2).to_json(), made.examples, made.encoder)
    document = trace_lineage(*parts, REPORT, compose(ROOT))
    lineage = from_json(document)
    assert (lineage.name, lineage.student) == ("tiny", weights_hash(students / "student"))
    assert lineage.soft_labels == labels.manifest.fingerprint
    assert [one.weights for one in lineage.teachers] == [
        weights_hash(teachers / f"member_{number}") for number in range(2)
    ]
    assert lineage.parameters == sha256_json(plain(compose(ROOT)))
    assert trace_lineage(*parts, REPORT, compose(ROOT)) == document
    made.examples.path.write_bytes(made.examples.path.read_bytes() + b"x")
    assert from_json(trace_lineage(*parts, REPORT, compose(ROOT))).examples != lineage.examples


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["kedro", "run", "--pipeline=distill"], "kedro run --pipeline=distill"),
        (["pytest", "-q"], "kedro run --pipeline=distill"),
        (
            ["kedro", "run", "--pipeline=evaluate", "--params", "student.epochs=3"],
            "kedro run --pipeline=distill --params=student.epochs=3",
        ),
        (
            ["kedro", "run", "--params=groups.student=tiny,data.path=/home/me/texts"],
            "kedro run --pipeline=distill --params='groups.student=tiny,data.path=…/texts'",
        ),
        (
            ["kedro", "run", "--params", "a=two words", "--params=b=1"],
            "kedro run --pipeline=distill --params='a=two words,b=1'",
        ),
        (
            ["kedro", "run", "--params=data.path=../../home/me/texts,a=~/b,c=file:///home/me/d"],
            "kedro run --pipeline=distill --params='data.path=…/texts,a=…/b,c=…/d'",
        ),
        (["kedro", "run", "--params"], "kedro run --pipeline=distill"),
        (
            ["kedro", "run", "-e", "gpu", "--params=a=1"],
            "kedro run --pipeline=distill --env=gpu --params=a=1",
        ),
        (["kedro", "run", "--env=gpu"], "kedro run --pipeline=distill --env=gpu"),
    ],
)
def test_the_command_is_this_one_for_the_whole_without_the_folders_of_this_machine(
    words: list[str], command: str
) -> None:
    assert command_of(words, {}) == command


def test_under_dvc_it_is_dvcs_own() -> None:
    assert command_of(["kedro", "run", "--params=a=b"], {"DVC_STAGE": "evaluate"}) == "dvc repro"
