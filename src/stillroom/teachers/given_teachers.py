"""Given teachers: those of the configuration that exist, prepared as the members of the ensemble.

teacher, teachers ──given_teachers──> GivenTeacher, one per member; none if they are trained
GivenTeacher ──its kind's prepare──> member_0, member_1, …
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from stillroom.config.schema import LISTED, GivenTeacher, Teacher
from stillroom.teachers.stored_teachers import mark_kind, member_folder
from stillroom.teachers.teacher_kind import Preparation
from stillroom.teachers.teacher_registry import REGISTRY


def given_teachers(
    teacher: Teacher, listed: Sequence[Mapping[str, Any]]
) -> tuple[GivenTeacher, ...]:
    """Return the teachers that exist, in order; () where they are trained here.

    Args:
        teacher: the section `teacher`.
        listed: the entries of `teachers`.
    """
    if teacher.source == LISTED:
        return tuple(TypeAdapter(GivenTeacher).validate_python(dict(one)) for one in listed)
    kind = REGISTRY.load(teacher.source)
    if kind.trains:
        return ()
    given = teacher.as_given()
    if not kind.has_path:  # params.yaml has a path, which DVC watches, for every kind
        given = GivenTeacher(**(vars(given) | {"path": None}))
    return (given,)


def foreign_teachers(
    teacher: Teacher, listed: Sequence[Mapping[str, Any]]
) -> tuple[GivenTeacher, ...]:
    """Return the model of others behind each teacher, whose licence counts; () if there is none.

    A teacher that is fine-tuned here is a modified copy of the model that it starts from.
    """
    if teacher.source != LISTED and REGISTRY.load(teacher.source).starts_from_path:
        return (teacher.as_given(),) * teacher.members
    return given_teachers(teacher, listed)


def prepare_teachers(
    given: Sequence[GivenTeacher], ensemble: Path, preparation: Preparation
) -> None:
    """Write each teacher into its own folder below `ensemble`.

    Raises:
        ModelError: one of them cannot be used for these examples.
    """
    for number, one in enumerate(given):
        folder = member_folder(ensemble, number)
        REGISTRY.load(one.source)().prepare(one, folder, preparation)
        mark_kind(folder, one.source)
