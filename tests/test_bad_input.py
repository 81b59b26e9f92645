"""Bad input for a real command: one line that names the file and the row, and no output."""

import os
import subprocess
from pathlib import Path

import pytest
from support.command_line import command, written
from support.licences_and_lineage import write_card

CSV = "label,a,b\n" + "".join(f"{'xy'[n % 2]},{n},{n * n}\n" for n in range(60))
IDX_IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2])
PNG = bytes.fromhex("89504e470d0a1a0a") + b"no image"


def table(project: Path, content: str, **values: str) -> list[str]:
    (project / "data/01_raw/t.csv").write_text(content)
    settings = {
        "groups.data": "table",
        "groups.teacher": "mlp_ensemble",
        "data.path": "data/01_raw/t.csv",
    } | values
    return [f"{key}={value}" for key, value in settings.items()]


@pytest.fixture
def features(project: Path) -> Path:
    params = project / "params.yaml"
    params.write_text(
        params.read_text().replace("data:\n", "data:\n  columns: {features: [a, b]}\n")
    )
    return project


def refused(project: Path, params: list[str], *words: str) -> None:
    ran = command(project, "kedro", "run", "--pipeline=ingest", "--params", ",".join(params))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert " ERROR " not in ran.stdout + ran.stderr  # one line, and no log that repeats it
    errors = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, ran.stderr
    for word in words:
        assert word in errors[0]
    assert written(project) == []


def test_a_sound_table_is_read(features: Path) -> None:
    params = ",".join(table(features, CSV))
    ran = command(features, "kedro", "run", "--pipeline=ingest", "--params", params)
    assert ran.returncode == 0, ran.stderr
    assert "data/02_examples/examples/00001-of-00001.parquet" in written(features)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CSV.replace("label,a,b", "label,a,c"), ["t.csv", "b"]),
        (CSV.replace("x,4,16", "x,nan,16"), ["t.csv", "4"]),
        (CSV.replace("x,4,16", ",4,16"), ["t.csv", "4", "unlabelled"]),
        (CSV.replace("y,", "x,"), ["class"]),
        ("label,a,b\n", ["t.csv", "no rows"]),
        ("", ["t.csv"]),
    ],
    ids=["a missing column", "NaN", "a null label", "one class", "zero rows", "an empty file"],
)
def test_a_flawed_table_is_one_line(features: Path, content: str, words: list[str]) -> None:
    refused(features, table(features, content), *words)


def test_a_split_that_ends_up_empty_is_one_line(features: Path) -> None:
    refused(features, table(features, CSV, **{"data.test": "0.001"}), "test")


def test_a_missing_source_is_one_line(project: Path) -> None:
    refused(project, ["groups.data=idx", "data.path=data/nowhere"], "data/nowhere")


def test_a_truncated_idx_file_is_one_line(project: Path) -> None:
    (project / "data/01_raw/train-images-idx3-ubyte").write_bytes(IDX_IMAGES + b"1234567")
    (project / "data/01_raw/train-labels-idx1-ubyte").write_bytes(
        bytes([0, 0, 8, 1, 0, 0, 0, 2, 0, 1])
    )
    refused(project, ["groups.data=idx"], "train-images-idx3-ubyte")


def test_an_unreadable_image_is_one_line(project: Path) -> None:
    for name in ("cat", "dog"):
        (project / "data/01_raw" / name).mkdir()
        (project / "data/01_raw" / name / "a.png").write_bytes(PNG)
    refused(project, ["groups.data=image_folder"], "a.png")


def test_a_catalog_path_outside_of_the_project_is_one_line(project: Path) -> None:
    catalog = project / "conf/base/catalog.yml"
    catalog.write_text(catalog.read_text().replace("data/02_examples/encoder\n", "../encoder\n"))
    refused(project, ["student.epochs=3"], "catalog entry encoder", "outside of the project")
    assert not (project.parent / "encoder").exists()


def test_an_unknown_parameter_is_one_line(project: Path) -> None:
    refused(project, ["student.epoch=3"], "Did you mean student.epochs?")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small filesystem takes root")
def test_a_full_disk_is_one_line_and_leaves_no_incomplete_file(project: Path) -> None:
    target = (
        project / ".stillroom"
    )  # the folder in which examples are written before they are published
    target.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(target)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a filesystem")
    try:
        refused(
            project, ["student.epochs=3"], "No space left on device", ".stillroom/work", ".parquet"
        )
    finally:
        subprocess.run(["umount", str(target)], check=True)


def test_a_teacher_whose_licence_forbids_it_is_one_line_and_nothing_is_written(
    project: Path,
) -> None:
    write_card(project / "models/big", "license: llama3")
    given = "groups.teacher=given,groups.student=mlp,teacher.path=models/big"
    ran = command(project, "kedro", "run", "--pipeline=teachers", "--params", given)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    (line,) = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    assert "teacher big is under llama3" in line
    assert "section 1.b.v" in line
    assert 'teacher.licence_acknowledged: "<why you may>"' in line
    assert "Traceback" not in ran.stderr
    assert written(project) == []
