"""Students: the student of a run, and the lists that are errors."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose, student_of, students_of
from stillroom.config.students import student_name, student_names
from stillroom.errors import ConfigError


def hydra(project: Path) -> Path:
    return project / "conf" / "hydra"


def listed(project: Path, value: str) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("students: [default]", f"students: {value}"))


def test_without_a_list_the_only_student_is_default(project: Path) -> None:
    assert student_names({}, hydra(project)) == ["default"]
    assert students_of(project) == ["default"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["tinny"], r"students contains 'tinny', which is not a student\. Did you mean tiny"),
        (["base"], "students contains 'base', which is not a student"),
        (["tiny", "mlp", "tiny"], "students contains a name twice: tiny, mlp, tiny"),
        ([], r"must be a list of names, as in \[tiny, mlp\]"),
        ("tiny", "must be a list"),
    ],
)
def test_students_that_are_not_a_list_of_choices_are_an_error(
    project: Path, given: Any, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        student_names({"students": given}, hydra(project))


def test_the_student_of_a_run_is_the_first_or_the_named_one() -> None:
    assert student_name(["tiny", "mlp"], {}) == "tiny"
    assert student_name(["tiny", "mlp"], {"groups": {"student": "mlp"}}) == "mlp"
    assert student_name(["tiny"], {"groups": {"teacher": "given"}}) == "tiny"


def test_the_first_student_of_the_list_is_composed(project: Path) -> None:
    def hidden(runtime: dict[str, Any] | None = None) -> Any:
        return compose(project, runtime)["student"]["architecture"]["options"]["hidden"]

    assert hidden() == [64]
    listed(project, "[tiny, default]")
    assert student_of(project) == "tiny"
    assert hidden() == [16]
    assert hidden({"groups": {"student": "default"}}) == [64]
    assert student_of(project, {"groups": {"student": "default"}}) == "default"


def test_the_list_of_students_cannot_be_set_at_run_time(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"--params groups\.student="):
        compose(project, {"students": ["tiny"]})
