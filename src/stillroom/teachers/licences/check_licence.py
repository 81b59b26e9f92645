"""Gate: who teaches in, the licences that let them out, or one line that says why not.

trained here ─────────────────────────────────────────────────> allowed
teacher.licence, else the model card ──table──> verdict ──┬──> allowed, conditions
teacher.licence_acknowledged: a reason ───────────────────┴──> forbidden, unknown go on with it
                                                   without ──> LicenceError
"""

from dataclasses import asdict
from pathlib import Path

from stillroom.config.schema import Teacher
from stillroom.errors import LicenceError, ModelError, nearest
from stillroom.io.hub_cache import hub_id_of
from stillroom.teachers.licences.licence_document import Licence, ReadFrom, TeacherLicence
from stillroom.teachers.licences.licence_index import TABLE, is_own_word, normalised, terms_of
from stillroom.teachers.licences.model_card_licence import read_licences
from stillroom.teachers.licences.terms import Terms

TRAINED = Terms(
    name="none of others",
    verdict="allowed",
    says="it was trained here, from scratch",
    source="teacher.source",
)
STOPS = ("forbidden", "unknown")
PAGE = "docs/licences.md"


def licence_of(teacher: Teacher, root: Path) -> Licence:
    """Return the licence of each teacher, whatever it says.

    Args:
        teacher: who teaches.
        root: the project's folder, which a relative path starts from.

    Raises:
        ModelError: nothing lies at the teacher's path.
        DataError: the model card cannot be read.
    """
    if teacher.source == "trained":
        names = (f"member_{number}" for number in range(teacher.members))
        return Licence(teachers=tuple(_trained(name) for name in names))
    path = root / teacher.path
    if not path.exists():
        raise ModelError(f"{teacher.path} does not exist. Set teacher.path to a model directory.")
    return Licence(teachers=(_given(teacher, path),))


def require_permitted(licence: Licence) -> None:
    """Refuse teachers whose answers may not train another model, or of whom that is not known.

    Raises:
        LicenceError: names the first of them, its licence, the clause and what to do.
    """
    for teacher in licence.teachers:
        if not teacher.permits:
            raise LicenceError(f"{_refusal(teacher)} {_way_out(teacher)}")


def require_covered(licence: Licence, teachers: int) -> None:
    """Refuse a document that is of other teachers than those that are about to be asked.

    Raises:
        LicenceError: it is of more or fewer, or does not permit them.
    """
    if len(licence.teachers) != teachers:
        raise LicenceError(
            f"licence.json is of {len(licence.teachers)} teachers, and {teachers} are there. Run "
            "`kedro run --pipeline=teachers` first, which looks at each."
        )
    require_permitted(licence)


def _trained(name: str) -> TeacherLicence:
    return _told(TRAINED, teacher=name, read_from="trained here")


def _given(teacher: Teacher, path: Path) -> TeacherLicence:
    """Return what is known of the licence of what lies at a path."""
    said = read_licences(path)
    card = ", ".join(said) if said else None
    hub_id = teacher.hub_id or hub_id_of(path, "models")
    named = teacher.licence if teacher.licence is not None else card
    known = _known(named, teacher.licence) if named else None
    terms = known or _unknown(named, said)
    return _told(
        terms,
        teacher=hub_id or path.resolve().name,
        hub_id=hub_id,
        identifier=normalised(named) if named else None,
        read_from=_read_from(teacher.licence, card),
        card=card if teacher.licence is not None and card != named else None,
        acknowledged=_reason(teacher) if terms.verdict in STOPS else None,
    )


def _known(named: str, parameter: str | None) -> Terms | None:
    """Return the terms of a licence; leave that is one's own word a model card cannot give."""
    identifier = normalised(named)
    found = terms_of(identifier)
    by_card = parameter is None and is_own_word(identifier)
    return None if by_card and found is not None and found.verdict not in STOPS else found


def _reason(teacher: Teacher) -> str | None:
    """Return the reason that was given, in one line."""
    given = teacher.licence_acknowledged
    return None if given is None else " ".join(given.split())


def _told(
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


def _read_from(parameter: str | None, card: str | None) -> ReadFrom:
    if parameter is not None:
        return "teacher.licence"
    return "nowhere" if card is None else "model card"


def _unknown(named: str | None, said: tuple[str, ...] | None) -> Terms:
    """Return terms of which nothing is known, and why."""
    if named is not None:
        several = said is not None and len(said) > 1 and named == ", ".join(said)
        why = "these are several" if several else "the table does not have it"
    else:
        why = "it has no model card" if said is None else "its model card names none"
    return Terms(name=named or "none named", verdict="unknown", says=why, source="not read")


def _refusal(teacher: TeacherLicence) -> str:
    if teacher.verdict == "forbidden":
        return (
            f"teacher {teacher.teacher} is under {teacher.identifier} ({teacher.name}, "
            f"{teacher.source}), which forbids to learn from it: {teacher.says}."
        )
    under = f"is under {teacher.name!r}" if teacher.identifier else "names no licence"
    return (
        f"teacher {teacher.teacher} {under}, and whether its answers may train another model is "
        f"not known: {teacher.says}."
    )


def _way_out(teacher: TeacherLicence) -> str:
    """Return what to do about a refusal."""
    reason = 'say why you may: teacher.licence_acknowledged: "<reason>", which the report prints.'
    if teacher.verdict == "forbidden":
        return f"Name another teacher, or {reason}"
    hint = nearest(teacher.identifier or "", list(TABLE))
    return f"Set teacher.licence to one of {PAGE}, `own` for your own model.{hint} Or {reason}"
