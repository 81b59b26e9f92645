"""Students: whom a run is about, and what cannot be meant."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose, student_of, students_of
from stillroom.config.students import chosen, names_of
from stillroom.errors import ConfigError


def hydra(project: Path) -> Path:
    return project / "conf" / "hydra"


def listed(project: Path, value: str) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("students: [default]", f"students: {value}"))


def test_without_a_list_there_is_the_default_alone(project: Path) -> None:
    assert names_of({}, hydra(project)) == ["default"]
    assert students_of(project) == ["default"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["tinny"], r"students names 'tinny', which is no choice\. Did you mean tiny"),
        (["base"], "students names 'base', which is no choice"),
        (["tiny", "mlp", "tiny"], "students names one twice"),
        ([], r"must be a list, as in \[tiny, mlp\]"),
        ("tiny", "must be a list"),
    ],
)
def test_what_is_no_list_of_choices_is_refused(project: Path, given: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        names_of({"students": given}, hydra(project))


def test_a_run_is_about_the_first_unless_it_names_another() -> None:
    assert chosen(["tiny", "mlp"], {}) == "tiny"
    assert chosen(["tiny", "mlp"], {"groups": {"student": "mlp"}}) == "mlp"
    assert chosen(["tiny"], {"groups": {"teacher": "given"}}) == "tiny"


def test_the_first_of_the_list_is_what_is_composed(project: Path) -> None:
    def hidden(runtime: dict[str, Any] | None = None) -> Any:
        return compose(project, runtime)["student"]["architecture"]["options"]["hidden"]

    assert hidden() == [64]
    listed(project, "[tiny, default]")
    assert student_of(project) == "tiny"
    assert hidden() == [16]
    assert hidden({"groups": {"student": "default"}}) == [64]
    assert student_of(project, {"groups": {"student": "default"}}) == "default"


def test_the_list_is_no_runtime_parameter(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"--params groups\.student="):
        compose(project, {"students": ["tiny"]})
