"""dvc.yaml has the stages, files, parameters and code of the registry and the catalog."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom.config.dvc_yaml import check_dvc_yaml, dvc_yaml
from stillroom.pipeline_registry import STAGES, register_pipelines

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    return yaml.safe_load(text())["stages"]


def text() -> str:
    catalog = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())
    pipelines = register_pipelines()
    return dvc_yaml(ROOT, {name: pipelines[name] for name in STAGES}, catalog)


def test_the_committed_file_is_up_to_date() -> None:
    assert (ROOT / "dvc.yaml").read_text() == text()


def test_every_stage_has_a_command_of_its_name(stages: dict[str, Any]) -> None:
    assert list(stages) == ["compose", *STAGES]
    for name in STAGES:
        of_each = " --params=groups.student=${item.student}" if name == "train" else ""
        assert stages[name]["cmd"] == f"kedro run --pipeline={name}{of_each}"


def test_train_runs_for_each_student_and_other_stages_use_the_first(
    stages: dict[str, Any],
) -> None:
    assert stages["train"]["matrix"] == {"student": "${students}"}
    assert stages["train"]["outs"] == ["data/05_students/${item.student}"]
    assert [name for name in STAGES if "matrix" in stages[name]] == ["train"]
    for name in ("evaluate", "export"):
        assert "data/05_students/${students[0]}" in stages[name]["deps"]


def test_training_depends_on_the_objective_and_teachers_do_not(stages: dict[str, Any]) -> None:
    def sections(stage: str) -> list[str]:
        return next(iter(stages[stage]["params"][0].values()))

    own = "students.${item.student}"
    run = ["teacher.device_map", "teacher.dtype"]
    lesson = [*run, "teacher.mode", "softlabels"]
    control = ["evaluate.full_logits", "evaluate.seeds"]
    assert sections("train") == [*lesson, own, "objective", "trainer", *control]
    teachers = sections("teachers")
    assert teachers[-1] == "trainer"
    assert {key.partition(".")[0] for key in teachers[:-1]} == {"teacher"}
    assert {"teacher.epochs", "teacher.path", "teacher.architecture"} < set(teachers)
    assert "teacher.mode" not in teachers  # where a student's lessons come from trains no teacher
    assert sections("capture") == [*run, "softlabels"]
    assert sections("ingest") == ["data"]
    assert sections("report") == [
        "data", "teacher", "softlabels", "student", "objective", "trainer", "evaluate",
    ]  # fmt: skip


def test_training_does_not_depend_on_the_reason(stages: dict[str, Any]) -> None:
    keys = {name: next(iter(stages[name]["params"][0].values())) for name in STAGES}
    assert {"teacher.licence", "teacher.licence_acknowledged"} < set(keys["teachers"])
    licence = "data/03_teachers/licence.json"
    assert licence in stages["teachers"]["outs"]
    assert licence in stages["capture"]["deps"]  # whose labels stay the same, to the byte
    assert licence not in stages["train"]["deps"]
    assert not any("licence" in key for key in keys["train"])


def test_evaluate_does_not_depend_on_the_page(stages: dict[str, Any]) -> None:
    assert not any("reporting/templates" in dep for dep in stages["evaluate"]["deps"])


def test_external_paths_follow_params_yaml(stages: dict[str, Any]) -> None:
    for name in ("compose", "ingest"):  # both look at what lies there
        assert {"${data.path}", "${teacher.path}"} < set(stages[name]["deps"])
    assert "${teacher.path}" in stages["teachers"]["deps"]
    assert not any("${" in dep for dep in stages["capture"]["deps"])


def test_code_that_a_stage_imports_late_is_a_dependency(stages: dict[str, Any]) -> None:
    assert "src/stillroom/training/fit/lit_module.py" in stages["train"]["deps"]
    assert "src/stillroom/models/architectures/resnet.py" in stages["teachers"]["deps"]
    assert "src/stillroom/softlabels/sparsify/sparsify.py" in stages["capture"]["deps"]
    assert "src/stillroom/reporting/templates" in stages["report"]["deps"]


def test_code_that_a_stage_never_imports_is_not_a_dependency(stages: dict[str, Any]) -> None:
    for stage, other in [
        ("ingest", "src/stillroom/training/fit/lit_module.py"),
        ("capture", "src/stillroom/training/fit/lit_module.py"),
        ("train", "src/stillroom/reporting/page.py"),
        ("evaluate", "src/stillroom/data/ingest/ingest_examples.py"),
    ]:
        assert other not in stages[stage]["deps"]


def test_each_catalog_file_is_written_by_one_stage(stages: dict[str, Any]) -> None:
    catalog = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())
    written = [
        next(iter(item)) if isinstance(item, dict) else item
        for name in STAGES
        for kind in ("outs", "metrics", "plots")
        for item in stages[name].get(kind, [])
    ]
    del catalog["every_student"]  # the folder of what others are
    tracked = [e["filepath"] for e in catalog.values() if e["filepath"].startswith("data/")]
    assert sorted(written) == sorted(p.replace("${student:}", "${item.student}") for p in tracked)


def test_check_says_that_it_is_up_to_date(tmp_path: Path) -> None:
    catalog = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())
    pipelines = register_pipelines()
    only = {name: pipelines[name] for name in STAGES}
    assert check_dvc_yaml(ROOT, only, catalog) == "dvc.yaml is up to date"
