"""The loader: parameters come from `compose`, everything else from Kedro."""

from pathlib import Path

import pytest

from stillroom.config.compose import compose
from stillroom.config.config_loader import ComposingConfigLoader
from stillroom.config.dvc.composed_file import write_composed
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


def local(project: Path, name: str, text: str) -> None:
    (project / "conf/local").mkdir(exist_ok=True)
    (project / "conf/local" / name).write_text(text)


def test_a_pickle_in_the_catalog_is_refused_before_its_class_is_imported(project: Path) -> None:
    local(project, "catalog.yml", "mine: {type: pickle.PickleDataset, filepath: data/x/a.pkl}\n")
    with pytest.raises(ConfigError, match=r"mine has the type 'pickle\.PickleDataset'"):
        loader(project)["catalog"]


@pytest.mark.parametrize(
    "text",
    [
        "mine: {type: MemoryDataset, metadata: {a: '${oc.env:HOME}'}}\n",
        "mine: {type: MemoryDataset, metadata: {a: '${globals:absent}'}}\n",
        "mine: {type: MemoryDataset, metadata: {a: '${'}}\n",
        "- a\n- b\n",
    ],
)
def test_a_catalog_that_cannot_be_read_is_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    local(project, "catalog.yml", text)
    with pytest.raises(ConfigError) as error:
        loader(project)["catalog"]
    assert "\n" not in str(error.value)


def test_what_is_wrong_with_credentials_is_said_without_their_values(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local(project, "credentials.yml", "a: 'hush${'\n")
    with pytest.raises(ConfigError) as error:
        loader(project)["credentials"]
    assert "hush" not in str(error.value)
    assert error.value.__cause__ is None


def test_credentials_may_come_from_the_environment(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLROOM_TEST_TOKEN", "hush")
    local(project, "credentials.yml", "a: {token: '${oc.env:STILLROOM_TEST_TOKEN}'}\n")
    assert loader(project)["credentials"] == {"a": {"token": "hush"}}


def test_an_environment_or_a_source_elsewhere_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match="is not an environment"):
        ComposingConfigLoader(str(project / "conf"), env="../data", base_env="base")
    with pytest.raises(ConfigError, match="is not a folder"):
        ComposingConfigLoader("s3://bucket/conf", base_env="base")
