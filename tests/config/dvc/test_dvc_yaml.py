"""dvc.yaml has the stages, files and parameters of the registry and the catalog."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom.config.code_digest.closure import SourceTree
from stillroom.config.dvc.dvc_yaml import check_dvc_yaml, dvc_yaml, separate_keys, stage_modules
from stillroom.pipeline_registry import STAGES, register_pipelines

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    return yaml.safe_load(text())["stages"]


def catalog() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())


def pipelines() -> dict[str, Any]:
    registered = register_pipelines()
    return {name: registered[name] for name in STAGES}


def text() -> str:
    return dvc_yaml(pipelines(), catalog())


def keys(stage: dict[str, Any], file: str = "conf/composed.yaml") -> list[str]:
    """Return the keys of a file of parameters on which a stage depends."""
    return next(params[file] for params in stage["params"] if file in params)


@pytest.fixture(scope="module")
def modules() -> dict[str, set[str]]:
    """The modules of each stage's code."""
    tree, of_stage = SourceTree(), pipelines()
    return {
        name: set(tree.closure(stage_modules(name, of_stage[name], catalog())).modules)
        for name in STAGES
    }


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
    own = "students.${item.student}"
    run = ["teacher.device_map", "teacher.dtype"]
    lesson = [*run, "teacher.mode", "softlabels"]
    control = ["evaluate.full_logits", "evaluate.seeds"]
    assert keys(stages["train"]) == [*lesson, own, "objective", "trainer", *control]
    assert keys(stages["teachers"]) == ["rest.teacher", "teachers", "trainer"]
    assert keys(stages["capture"]) == [*run, "softlabels", "evaluate.sanity"]
    assert keys(stages["ingest"]) == ["data", "evaluate.sanity"]
    every = [
        "data", "teacher", "teachers", "softlabels", "student", "objective", "trainer", "evaluate"
    ]  # fmt: skip
    assert keys(stages["evaluate"]) == every  # the lineage names them all
    assert keys(stages["export"]) == [*every, "export"]
    assert keys(stages["report"]) == [*every, "report"]


def test_where_a_students_lessons_come_from_trains_no_teacher() -> None:
    assert separate_keys(pipelines()) == {
        "teacher.device_map", "teacher.dtype", "teacher.mode",
        "evaluate.full_logits", "evaluate.sanity", "evaluate.seeds",
    }  # fmt: skip


def test_training_does_not_depend_on_the_reason(stages: dict[str, Any]) -> None:
    licence = "data/03_teachers/licence.json"
    assert licence in stages["teachers"]["outs"]
    assert licence in stages["capture"]["deps"]  # whose labels stay the same, to the byte
    assert licence not in stages["train"]["deps"]
    assert not {"teacher", "rest.teacher"} & set(keys(stages["train"]))


def test_external_paths_follow_params_yaml(stages: dict[str, Any]) -> None:
    for name in ("compose", "ingest"):  # both read what lies there
        assert {"${data.path}", "${teacher.path}"} <= set(stages[name]["deps"])
    assert "${teacher.path}" in stages["teachers"]["deps"]
    assert not any("${" in dep for dep in stages["capture"]["deps"])


def test_a_stage_depends_on_the_digest_of_its_code(stages: dict[str, Any]) -> None:
    for name in STAGES:
        assert keys(stages[name], "conf/code.yaml") == [name]
        assert not any(dep.startswith("src") for dep in stages[name]["deps"])


def test_compose_always_runs_because_plug_ins_lie_outside_of_the_project(
    stages: dict[str, Any],
) -> None:
    compose = stages["compose"]
    assert compose["always_changed"]
    assert [*compose["outs"][0], *compose["outs"][1]] == ["conf/composed.yaml", "conf/code.yaml"]
    assert {"src/stillroom", "conf/hydra", "params.yaml"} < set(compose["deps"])


def test_the_file_can_be_read() -> None:
    assert len(text().splitlines()) <= 200


def test_code_that_a_stage_imports_late_is_its_code(modules: dict[str, set[str]]) -> None:
    assert "stillroom.training.fit.lit_module" in modules["train"]
    assert "stillroom.models.architectures.resnet" in modules["teachers"]
    assert "stillroom.softlabels.sparsify.sparsify" in modules["capture"]
    assert "stillroom.reporting.page" in modules["report"]
    assert all("stillroom.config.compose" in of_stage for of_stage in modules.values())
    assert "stillroom.pipelines.capture.datasets" in modules["capture"]  # a type of the catalog


def test_code_that_a_stage_never_imports_is_not_its_code(modules: dict[str, set[str]]) -> None:
    assert "stillroom.training.fit.lit_module" not in modules["ingest"]
    assert "stillroom.training.fit.lit_module" not in modules["capture"]
    assert "stillroom.reporting.page" not in modules["train"] | modules["evaluate"]
    assert "stillroom.data.ingest.ingest_examples" not in modules["evaluate"]


def test_each_catalog_file_is_written_by_one_stage(stages: dict[str, Any]) -> None:
    entries = catalog()
    written = [
        next(iter(item)) if isinstance(item, dict) else item
        for name in STAGES
        for kind in ("outs", "metrics", "plots")
        for item in stages[name].get(kind, [])
    ]
    del entries["every_student"]  # it contains files of other entries
    tracked = [e["filepath"] for e in entries.values() if e["filepath"].startswith("data/")]
    assert sorted(written) == sorted(p.replace("${student:}", "${item.student}") for p in tracked)


def test_check_says_that_it_is_up_to_date() -> None:
    assert check_dvc_yaml(ROOT, pipelines(), catalog()) == "dvc.yaml is up to date"
