"""The loader: parameters come from `compose`, everything else from Kedro."""

from pathlib import Path

import pytest

from stillroom.config.compose import compose
from stillroom.config.composed_file import write_composed
from stillroom.config.config_loader import ComposingConfigLoader
from stillroom.errors import ConfigError


def loader(project: Path, **runtime: object) -> ComposingConfigLoader:
    return ComposingConfigLoader(
        str(project / "conf"), runtime_params=runtime, base_env="base", default_run_env="local"
    )


def test_parameters_are_the_composed_ones(project: Path) -> None:
    assert loader(project)["parameters"] == compose(project)
    assert loader(project, student={"epochs": 3})["parameters"]["student"]["epochs"] == 3


def test_the_catalog_is_kedros_own(project: Path) -> None:
    (project / "conf/local").mkdir(exist_ok=True)
    assert loader(project)["catalog"]["examples"]["filepath"].endswith("examples")


def test_a_catalog_whose_student_cannot_be_read_is_an_error_of_ours(project: Path) -> None:
    (project / "params.yaml").write_text("students: [default")
    with pytest.raises(ConfigError, match=r"params\.yaml is not YAML"):
        loader(project)["catalog"]


def test_a_run_under_dvc_with_other_parameters_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_composed(compose(project), project)
    monkeypatch.setenv("DVC_STAGE", "train")
    assert loader(project)["parameters"] == compose(project)
    with pytest.raises(ConfigError, match=r"student\.epochs is 3 in this run but 40"):
        loader(project, student={"epochs": 3})["parameters"]
