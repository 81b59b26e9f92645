"""Whole runs of data in which classes have no training rows: stopped, or a report without export.

The labels are written as 0 and 1 in one file, and as 0.0 and 1.0 in the other.
"""

import json
from pathlib import Path

import pytest
from support.command_line import command, written

PARAMS = (
    "groups:\n  data: table\n  teacher: mlp_ensemble\n  student: tiny\n"
    "data:\n  path: data/01_raw\n  columns: {text: text}\n"
    "teacher:\n  path: data/03_teachers/given\n  members: 1\n  epochs: 1\n"
    "  architecture: {options: {hidden: [8]}}\n"
    "student:\n  epochs: 1\n"
    "students: [default]\n"
    "trainer:\n  threads: 1\n"
    "evaluate:\n  seeds: 1\n  latency_images: 2\n  energy_seconds: 0.1\n"
)
WORDS = (("good", "fine", "warm"), ("bad", "cold", "sad"))


def float_labels(project: Path) -> Path:
    """Give a project two files whose labels have two forms; their rows name their split."""
    for name, count, form in (("train", 80, "{}"), ("test", 40, "{}.0")):
        rows = [
            f"{' '.join(WORDS[n % 2])} {name} {n},{form.format(n % 2)},{name}" for n in range(count)
        ]
        (project / "data/01_raw" / f"{name}.csv").write_text("\n".join(["text,label,split", *rows]))
    (project / "params.yaml").write_text(
        PARAMS.replace("{text: text}", "{text: text, split: split}")
    )
    return project


ALARM = "Alarm: 2 of 4 classes have no labelled training row, but 0 and 40 in validation and test"


def test_a_stop_comes_before_a_teacher_is_trained(project: Path) -> None:
    ran = command(float_labels(project), "kedro", "run", "--pipeline=distill")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert f"Error: {ALARM}: 0.0, 1.0." in ran.stderr
    assert "Class 1.0" in ran.stdout  # the table stands above
    assert not any(name.startswith("data/03_teachers/ensemble") for name in written(project))


@pytest.fixture
def warned(project: Path) -> tuple[Path, str]:
    """Return a project and what a run with a warning printed; an old package lies there before."""
    old = float_labels(project) / "data/06_exports/student"
    old.mkdir(parents=True)
    (old / "model.safetensors").write_text("of an earlier run")
    ran = command(project, "kedro", "run", "--pipeline=distill", "--params=evaluate.sanity=warn")
    assert ran.returncode == 0, ran.stderr
    return project, ran.stdout


# `make test` runs the nodes of each stage under an alarm; the whole run takes half a minute.
@pytest.mark.faults
def test_with_a_warning_the_alarms_stand_first_and_nothing_is_exported(
    warned: tuple[Path, str],
) -> None:
    project, printed = warned
    last = printed[printed.rindex(ALARM[:40]) :]
    assert last.index("Alarm: ") == 0
    assert last.index("Student, distilled") > 0
    for words in ("Distillation gained", "clear difference", "Distillation hurt"):
        assert words not in printed
    package = project / "data/06_exports/student"
    assert [path.name for path in package.iterdir()] == ["README.md"]
    assert (package / "README.md").read_text().startswith(f"    {ALARM}")
    page = (project / "data/07_reports/report.html").read_text().partition("<body>")[2]
    assert page.index('<p class="alarm" role="alert">') < page.index("<table")
    assert page.count(f"{ALARM}: 0.0, 1.0.") == 1
    assert 'id="parity"' not in page
    codes = [
        one["code"] for one in json.loads((project / "data/07_reports/alarms.json").read_text())
    ]
    assert codes[0] == "class_without_training_rows"
