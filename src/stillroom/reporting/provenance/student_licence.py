"""Student's licence: the licence that the teachers' licences require, and its conditions.

Licence, student.architecture ──> StudentLicence(license, license_name, license_link), conditions
"""

from dataclasses import dataclass

from stillroom.config.schema import FROM_TEACHER
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence
from stillroom.teachers.licences.licence_index import WITHOUT_HUB_IDENTIFIER

FREE = (None, "own")  # no third party has a licence
OTHER = "other"


@dataclass(frozen=True, slots=True)
class StudentLicence:
    """A student's licence.

    Attributes:
        license: the Hub's identifier; `other` where the Hub has none.
        name: the name of the licence; only with `other`.
        link: the address of the licence; only with `other`.
        why: a sentence with the reason.
    """

    license: str
    name: str | None
    link: str | None
    why: str


def student_licence(licence: Licence, architecture: str) -> StudentLicence:
    """Return the licence of a student of these teachers.

    Args:
        licence: the licences of the teachers.
        architecture: the student's architecture; a student that starts with layers of the first
            teacher is a modified copy of it.
    """
    if any(teacher.verdict == "unknown" for teacher in licence.teachers):
        return _other(
            "not-known", "It is not known what a teacher's licence requires of a student."
        )
    required = {
        identifier: teacher
        for teacher in licence.teachers
        for identifier in [_required(teacher, teacher is _copied(licence, architecture))]
        if identifier not in FREE
    }
    if not required:
        return _other(
            "not-chosen",
            "No teacher's licence requires a certain licence for the student, and the student's "
            "owner has not chosen one yet.",
        )
    if len(required) > 1:
        return _other(
            "several", f"Its teachers' licences require different ones: {', '.join(required)}."
        )
    ((identifier, teacher),) = required.items()
    why = "The licence of its teacher requires this one."
    if identifier in WITHOUT_HUB_IDENTIFIER:
        return StudentLicence(OTHER, identifier, teacher.link, why)
    return StudentLicence(str(identifier), None, None, why)


def conditions(licence: Licence, architecture: str) -> tuple[str, ...]:
    """Return each condition once: those of answers, and those of layers if the student has some."""
    demands = [one for teacher in licence.teachers for one in teacher.conditions]
    copied = _copied(licence, architecture)
    demands += copied.layers if copied else ()
    return tuple(dict.fromkeys(demands))


def _copied(licence: Licence, architecture: str) -> TeacherLicence | None:
    """Return the teacher whose layers the student starts with; None for other students."""
    return licence.teachers[0] if architecture == FROM_TEACHER else None


def _required(teacher: TeacherLicence, is_copied: bool) -> str | None:
    """Return the licence that a teacher's licence requires of the student."""
    return teacher.student or (teacher.identifier if is_copied else None)


def _other(name: str, why: str) -> StudentLicence:
    return StudentLicence(OTHER, name, None, why)
