"""Config choices that a package brings along."""

from pathlib import Path

import pytest
from support.plug_in.install import PACKAGE, install, installed

from stillroom.config.compose import compose
from stillroom.config.plug_in_choices import choices_of, config_folders
from stillroom.errors import ConfigError

ENTRY = "[stillroom.terms]\nnone = stillroom_example:none\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two choices of its own, on the path; return the folder of its choices."""
    install(tmp_path, ENTRY)
    monkeypatch.syspath_prepend(str(tmp_path))
    choices = tmp_path / PACKAGE / "stillroom_conf"
    (choices / "student").mkdir(parents=True, exist_ok=True)
    (choices / "student" / "small.yaml").write_text("defaults: [mlp, _self_]\nepochs: 3\n")
    return choices


def hydra(project: Path) -> Path:
    return project / "conf" / "hydra"


def test_a_choice_of_a_package_is_a_choice(project: Path, package: Path) -> None:
    assert config_folders(hydra(project)) == [hydra(project), package]
    assert "small" in choices_of(hydra(project), "student")
    parameters = compose(project, {"groups": {"student": "small"}})
    assert parameters["student"]["epochs"] == 3
    assert parameters["student"]["architecture"]["name"] == "mlp"


def test_without_the_package_there_is_no_such_choice(project: Path) -> None:
    assert config_folders(hydra(project)) == [hydra(project)]
    with pytest.raises(ConfigError, match=r"groups\.student=small is not a choice"):
        compose(project, {"groups": {"student": "small"}})


def test_a_choice_cannot_be_defined_twice(project: Path, package: Path) -> None:
    (package / "student" / "mlp.yaml").write_text("defaults: [base, _self_]\n")
    with pytest.raises(ConfigError, match=r"groups\.student=mlp is defined in") as info:
        choices_of(hydra(project), "student")
    assert str(hydra(project) / "student" / "mlp.yaml") in str(info.value)
    assert str(package / "student" / "mlp.yaml") in str(info.value)


@pytest.mark.parametrize("name", ["mlp", "base"])
@pytest.mark.parametrize("group", ["teacher", "student"])
def test_a_choice_that_is_defined_twice_is_refused_in_groups_that_nobody_names(
    project: Path, package: Path, group: str, name: str
) -> None:
    (own,) = list((hydra(project) / group).glob(f"{name}*.yaml"))[:1]
    (package / group).mkdir(exist_ok=True)
    (package / group / own.name).write_text("epochs: 3\n")
    with pytest.raises(ConfigError, match=rf"groups\.{group}={own.stem} is defined in"):
        compose(project)


@pytest.mark.parametrize(
    "name", ["a space", "caf\u00e9", "one,two", "it's", 'a "quote"', "a=b", "50%20", "[a]", "{a}"]
)
def test_the_folder_of_a_package_may_have_any_name(
    project: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("site") / name
    install(folder, ENTRY)
    choices = folder / PACKAGE / "stillroom_conf" / "student"
    choices.mkdir(parents=True, exist_ok=True)
    (choices / "small.yaml").write_text("defaults: [mlp, _self_]\nepochs: 3\n")
    with installed(folder):
        assert compose(project, {"groups": {"student": "small"}})["student"]["epochs"] == 3
