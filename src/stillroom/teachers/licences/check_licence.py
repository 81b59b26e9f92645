"""Licence check: teachers in, their licences out, or an error of one line.

trained here ─────────────────────────────────────────────────> allowed
teacher.licence, else the model card ──index──> verdict ──┬──> allowed, conditions: permitted
teacher.licence_acknowledged: a reason ───────────────────┴──> forbidden, unknown: permitted
                                          without a reason ──> forbidden, unknown: LicenceError
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from stillroom.config.schema import GivenTeacher
from stillroom.errors import LicenceError, ModelError, nearest
from stillroom.io.hub_cache import hub_id_of
from stillroom.models.hub.fetch_record import read_record
from stillroom.teachers.licences.licence_document import Licence, ReadFrom, TeacherLicence
from stillroom.teachers.licences.licence_index import LICENCES, is_user_claim, normalised, terms_of
from stillroom.teachers.licences.model_card_licence import read_licences
from stillroom.teachers.licences.terms import Terms

TRAINED_HERE = Terms(
    name="none of others",
    verdict="allowed",
    says="it was trained here, from scratch",
    source="teacher.source",
)
NEEDS_REASON = ("forbidden", "unknown")
PAGE = "docs/licences.md"


def licence_of(given: Sequence[GivenTeacher], members: int, root: Path) -> Licence:
    """Return the licence of each teacher, permitted or not.

    Args:
        given: the teachers that exist; none where they are trained here.
        members: how many teachers are trained here, if none is given.
        root: the folder of the project, from which a relative path starts.

    Raises:
        ModelError: the path of the teacher does not exist.
        DataError: the model card cannot be read.
    """
    if not given:
        names = (f"member_{number}" for number in range(members))
        return Licence(teachers=tuple(_own_licence(name) for name in names))
    return Licence(teachers=tuple(given_licence(teacher, root) for teacher in given))


def require_permitted(licence: Licence, keys: Sequence[str] = ()) -> None:
    """Refuse a teacher whose licence forbids training on its answers, or is unknown.

    Args:
        licence: the licence of each teacher.
        keys: where the configuration names each of them; none: all under `teacher`.

    Raises:
        LicenceError: with the first such teacher, its licence, the clause and what to do.
    """
    for number, teacher in enumerate(licence.teachers):
        if not teacher.permits:
            key = keys[number] if keys else "teacher"
            raise LicenceError(f"{_refusal(teacher)} {_way_out(teacher, key)}")


def require_covered(licence: Licence, teachers: int) -> None:
    """Refuse a licence document that does not cover the teachers of a stage.

    Raises:
        LicenceError: the document has more or fewer teachers, or does not permit one of them.
    """
    if len(licence.teachers) != teachers:
        raise LicenceError(
            f"licence.json covers {len(licence.teachers)} teachers, but there are {teachers}. Run "
            "`kedro run --pipeline=teachers` first: it checks the licence of each teacher."
        )
    require_permitted(licence)


def _own_licence(name: str) -> TeacherLicence:
    return _teacher_licence(TRAINED_HERE, teacher=name, read_from="trained here")


def given_licence(
    teacher: GivenTeacher, root: Path, section: Literal["teacher", "student"] = "teacher"
) -> TeacherLicence:
    """Return the licence of a model that exists; its verdict may be `unknown`.

    Args:
        teacher: the model.
        root: the folder of the project.
        section: the section of the parameters that names it.

    Raises:
        ModelError: its path does not exist, or the record of its fetch is damaged.
        DataError: its model card or that record cannot be read.
    """
    path = None if teacher.path is None else root / teacher.path
    if path is not None and not path.exists():
        raise ModelError(f"{teacher.path} does not exist. Set {section}.path to a model.")
    card_licences = None if path is None else read_licences(path)
    card = ", ".join(card_licences) if card_licences else None
    hub_id = teacher.hub_id or (None if path is None else _hub_id_of(path))
    named = teacher.licence if teacher.licence is not None else card
    terms = _known_terms(named, teacher.licence) if named else None
    terms = terms or _unknown_terms(named, card_licences)
    return _teacher_licence(
        terms,
        teacher=hub_id or (teacher.source if path is None else path.resolve().name),
        hub_id=hub_id,
        identifier=normalised(named) if named else None,
        read_from=_read_from(teacher.licence, card, section),
        card=card if teacher.licence is not None and card != named else None,
        acknowledged=_reason(teacher) if terms.verdict in NEEDS_REASON else None,
    )


def _hub_id_of(path: Path) -> str | None:
    """Return owner/name of a model in the Hub's cache, or one that Stillroom fetched."""
    in_cache = hub_id_of(path, "models")
    if in_cache is not None or not path.is_dir():
        return in_cache
    record = read_record(path)
    return None if record is None else record.repository


def _known_terms(named: str, parameter: str | None) -> Terms | None:
    """Return the terms of a licence. A model card cannot claim that the model is the user's own."""
    identifier = normalised(named)
    terms = terms_of(identifier)
    by_card = parameter is None and is_user_claim(identifier)
    return None if by_card and terms is not None and terms.verdict not in NEEDS_REASON else terms


def _reason(teacher: GivenTeacher) -> str | None:
    """Return the reason of `teacher.licence_acknowledged`, in one line."""
    given = teacher.licence_acknowledged
    return None if given is None else " ".join(given.split())


def _teacher_licence(
    terms: Terms,
    *,
    teacher: str,
    read_from: ReadFrom,
    hub_id: str | None = None,
    identifier: str | None = None,
    card: str | None = None,
    acknowledged: str | None = None,
) -> TeacherLicence:
    return TeacherLicence(
        teacher=teacher,
        hub_id=hub_id,
        identifier=identifier,
        read_from=read_from,
        card=card,
        acknowledged=acknowledged,
        **asdict(terms),
    )


def _read_from(
    parameter: str | None, card: str | None, section: Literal["teacher", "student"]
) -> ReadFrom:
    if parameter is not None:
        return "teacher.licence" if section == "teacher" else "student.licence"
    return "nowhere" if card is None else "model card"


def _unknown_terms(named: str | None, card_licences: tuple[str, ...] | None) -> Terms:
    """Return unknown terms, with the reason why they are unknown."""
    if named is not None:
        several = (
            card_licences is not None
            and len(card_licences) > 1
            and named == ", ".join(card_licences)
        )
        why = "these are several" if several else "the table does not have it"
    else:
        why = "it has no model card" if card_licences is None else "its model card names none"
    return Terms(name=named or "none named", verdict="unknown", says=why, source="not read")


def _refusal(teacher: TeacherLicence) -> str:
    if teacher.verdict == "forbidden":
        return (
            f"The teacher {teacher.teacher} is under {teacher.identifier} ({teacher.name}, "
            f"{teacher.source}), which forbids training another model on its answers: "
            f"{teacher.says}."
        )
    under = f"is under {teacher.name!r}" if teacher.identifier else "names no licence"
    return (
        f"The teacher {teacher.teacher} {under}. It is not known whether its answers may train "
        f"another model: {teacher.says}."
    )


def _way_out(teacher: TeacherLicence, key: str) -> str:
    """Return what to do about a refusal; `key` is where the configuration names the teacher."""
    reason = f'set {key}.licence_acknowledged: "<why you may>", which the report prints.'
    if teacher.verdict == "forbidden":
        return f"Choose another teacher, or {reason}"
    hint = nearest(teacher.identifier or "", list(LICENCES))
    return (
        f"Set {key}.licence to a licence in {PAGE}, or to `own` for your own model.{hint} Or "
        f"{reason}"
    )
