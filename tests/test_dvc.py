"""DVC as a user runs it: what runs again, what does not, and what a second clone gets.

Takes about two minutes. Most of a stage's time is imports. So `make test` runs each stage once, and
for later edits only compares the stages that DVC would run; `make faults` also runs them.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.command_line import command, quick_project, written
from support.plug_in.install import PACKAGE, install

from stillroom.io.files.hashing import sha256_file

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "conf", "src", ".dvc", ".dvcignore", "pyproject.toml", ".telemetry", ".gitignore", "dvc.yaml",
)  # fmt: skip
STUDENT = "data/05_students/default/student/model.safetensors"
DOWNSTREAM = ["train@default", "evaluate", "export", "report"]
STAGES = ["ingest", "teachers", "capture", *DOWNSTREAM]


def must(project: Path, *words: str, **environment: str) -> str:
    ran = command(project, *words, **environment)
    assert ran.returncode == 0, f"{words}: {ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def reproduced(project: Path, **environment: str) -> list[str]:
    """Run `dvc repro` and return the stages that it ran, without compose."""
    return stages_named(must(project, "dvc", "repro", **environment))


def outdated(project: Path, **environment: str) -> list[str]:
    """Compose, and return the stages that DVC reports as out of date before it runs any."""
    must(project, "kedro", "compose", **environment)
    return stages_named(must(project, "dvc", "repro", "--dry", **environment))


def stages_named(output: str) -> list[str]:
    ran = re.findall(r"Running stage '([\w@]+)'", output)
    return [name for name in ran if name != "compose"]


def edit(project: Path, old: str, new: str) -> None:
    text = (project / "params.yaml").read_text()
    assert old in text
    (project / "params.yaml").write_text(text.replace(old, new))


def forget_mlp(project: Path) -> None:
    shutil.rmtree(project / "data/05_students/mlp")
    (project / "data/07_reports/plots/students/mlp.json").unlink()


def git(project: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=project, check=True, capture_output=True)


def commit(project: Path) -> None:
    git(project, "add", "-A")
    git(project, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "state")


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    project = tmp_path_factory.mktemp("tracked") / "project"
    project.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp")
            shutil.copytree(source, project / name, ignore=ignored)
        else:
            shutil.copy(source, project / name)
    (project / "data/03_teachers/given").mkdir(parents=True)
    (project / "data/03_teachers/given/.gitkeep").touch()
    quick_project(project)
    git(project, "init", "-q", "-b", "main")
    commit(project)
    assert reproduced(project) == STAGES
    commit(project)
    return project


def test_a_second_repro_composes_and_skips_every_stage(tracked: Path) -> None:
    output = must(tracked, "dvc", "repro")
    skipped = re.findall(r"Stage '([\w@]+)' didn't change, skipping", output)
    assert (stages_named(output), sorted(skipped)) == ([], sorted(STAGES))
    git(tracked, "diff", "--exit-code", "dvc.lock", "conf")  # and changes no file that Git keeps


@pytest.mark.parametrize(
    "stages_of", [outdated, pytest.param(reproduced, marks=pytest.mark.faults)]
)
def test_a_line_of_code_reruns_its_stages_and_prose_reruns_none(
    tracked: Path, stages_of: Callable[[Path], list[str]]
) -> None:
    module = tracked / "src/stillroom/pipelines/capture/nodes.py"
    source = module.read_text()
    module.write_text(source.replace('"""', '"""In other words: ', 1) + "# The end.\n")
    assert stages_of(tracked) == []
    module.write_text(source + "MORE = 1\n")
    assert stages_of(tracked) == ["capture"]  # its labels are the same, so nothing follows
    module.write_text(source)
    assert stages_of(tracked) == []  # DVC has kept the first run's result


def test_a_plug_in_and_each_line_of_it_make_capture_out_of_date(
    tracked: Path, tmp_path: Path
) -> None:
    def digest() -> str:
        return yaml.safe_load((tracked / "conf/code.yaml").read_text())["capture"]

    module = plug_in(tmp_path)
    users = outdated(tracked, PYTHONPATH=str(tmp_path))
    assert {"capture"} <= set(users) < set(STAGES)
    installed = digest()
    for line, is_same in (("# prose", True), ("MORE = 1", False)):
        module.write_text(f"{module.read_text()}{line}\n")
        must(tracked, "kedro", "compose", PYTHONPATH=str(tmp_path))
        assert (digest() == installed) == is_same
    must(tracked, "kedro", "compose")


@pytest.mark.faults
def test_an_edited_line_of_a_plug_in_captures_again(tracked: Path, tmp_path: Path) -> None:
    module = plug_in(tmp_path)
    users = reproduced(tracked, PYTHONPATH=str(tmp_path))
    assert "capture" in users
    module.write_text(f"{module.read_text()}# prose\n")
    assert reproduced(tracked, PYTHONPATH=str(tmp_path)) == []
    module.write_text(f"{module.read_text()}MORE = 1\n")
    assert reproduced(tracked, PYTHONPATH=str(tmp_path)) == users
    assert reproduced(tracked) == []  # DVC has kept the result without the plug-in


def plug_in(folder: Path) -> Path:
    """Install a package with a sparsifier into a folder, and return its module."""
    install(folder, f"[stillroom.sparsifiers]\nnone = {PACKAGE}:none\n")
    return folder / PACKAGE / "__init__.py"


@pytest.mark.parametrize(
    "stages_of", [outdated, pytest.param(reproduced, marks=pytest.mark.faults)]
)
def test_the_temperature_of_the_loss_reruns_training_and_no_teacher(
    tracked: Path, stages_of: Callable[[Path], list[str]]
) -> None:
    edit(tracked, "trainer:", "objective:\n  temperature: 2.0\ntrainer:")
    assert stages_of(tracked) == DOWNSTREAM
    edit(tracked, "objective:\n  temperature: 2.0\n", "")
    assert reproduced(tracked) == []


def test_only_stages_that_depend_on_a_change_would_run(tracked: Path) -> None:
    def stale() -> set[str]:
        must(tracked, "kedro", "compose")
        status = must(tracked, "dvc", "status")
        return set(re.findall(r"^([\w@]+):$", status, flags=re.MULTILINE)) - {"compose"}

    edit(tracked, "  members: 2", "  members: 2\n  seed: 7")
    assert stale() >= {"teachers"}
    # Later stages follow only after `teachers` has run.
    assert not stale() & {"ingest", "capture", "train@default"}
    edit(tracked, "\n  seed: 7", "")
    image = tracked / "data/01_raw/across/000.png"
    content = image.read_bytes()
    image.unlink()
    assert "ingest" in stale()
    image.write_bytes(content)
    assert stale() == set()


def test_an_experiment_an_edit_and_a_flag_give_the_same_student(tracked: Path) -> None:
    params, composed = tracked / "params.yaml", tracked / "conf" / "composed.yaml"
    before, student = params.read_text(), sha256_file(tracked / STUDENT)
    changed = ["-S", "student.epochs=3", "-S", "groups.student=mlp"]
    must(tracked, "dvc", "exp", "run", *changed, "train@default")
    by_experiment, of_experiment = sha256_file(tracked / STUDENT), composed.read_bytes()
    params.write_text(before)
    flags = "groups.student=mlp,student.epochs=3"
    must(tracked, "kedro", "run", "--pipeline=train", f"--params={flags}")
    assert sha256_file(tracked / STUDENT.replace("default", "mlp")) == by_experiment != student
    edit(tracked, "  student: tiny", "  student: mlp")
    edit(tracked, "student:\n  epochs: 2", "student:\n  epochs: 3")
    must(tracked, "kedro", "compose")
    assert composed.read_bytes() == of_experiment  # training reads nothing else of them
    params.write_text(before)
    must(tracked, "kedro", "compose")
    # By force, because DVC has kept the results of the first run.
    must(tracked, "dvc", "repro", "--single-item", "--force", "train@default")
    assert sha256_file(tracked / STUDENT) == student
    forget_mlp(tracked)  # the flag's student, which DVC does not know
    assert reproduced(tracked) == []  # all of it is in DVC's cache


@pytest.mark.parametrize(
    ("stages_of", "compared"),
    [
        (outdated, ["evaluate"]),  # the report waits for their new outputs
        pytest.param(reproduced, ["evaluate", "report"], marks=pytest.mark.faults),
    ],
)
def test_another_student_trains_from_the_same_soft_labels(
    tracked: Path, stages_of: Callable[[Path], list[str]], compared: list[str]
) -> None:
    before = sha256_file(tracked / STUDENT)
    edit(tracked, "students: [default]", "students: [default, mlp]")
    assert outdated(tracked) == ["train@mlp"]
    must(tracked, "dvc", "repro", "train@mlp")
    assert sha256_file(tracked / STUDENT) == before
    other = tracked / STUDENT.replace("default", "mlp")
    assert sha256_file(other) != before
    assert stages_of(tracked) == compared
    edit(tracked, "students: [default, mlp]", "students: [mlp, default]")
    assert stages_of(tracked) == ["evaluate", "export", "report"]  # the first is exported
    edit(tracked, "students: [mlp, default]", "students: [default]")
    # A student that left the list is compared until its folder goes; DVC may have kept the result.
    assert stages_of(tracked) == (compared if stages_of is outdated else [])
    forget_mlp(tracked)
    assert reproduced(tracked) == []


def test_a_run_under_dvc_with_other_parameters_is_refused(tracked: Path) -> None:
    ran = command(
        tracked, "kedro", "run", "--pipeline=train", "--params=student.epochs=9", DVC_STAGE="train"
    )
    assert ran.returncode == 1
    assert "student.epochs is 9 in this run but 2 in conf/composed.yaml" in ran.stderr


def test_a_second_clone_pulls_every_artifact_and_runs_nothing(tracked: Path) -> None:
    remote, clone = tracked.parent / "remote", tracked.parent / "clone"
    must(tracked, "dvc", "remote", "add", "-f", "-d", "store", str(remote))
    commit(tracked)
    must(tracked, "dvc", "push")
    git(tracked.parent, "clone", "-q", str(tracked), str(clone))
    must(clone, "dvc", "pull")
    ours, theirs = written(tracked), written(clone)
    ours = [name for name in ours if "/live/" not in name]  # curves to watch, no artifact
    assert [name for name in ours if name not in theirs] == []
    assert all(sha256_file(tracked / name) == sha256_file(clone / name) for name in ours)
    assert reproduced(clone) == []


def test_metrics_and_plots_show(tracked: Path) -> None:
    assert "student.accuracy" in must(tracked, "dvc", "metrics", "show")
    must(tracked, "dvc", "plots", "show")
    page = (tracked / "dvc_plots" / "index.html").read_text()
    for plot in ("students/default", "reliability", "confusion", "similarity"):
        assert plot in page
