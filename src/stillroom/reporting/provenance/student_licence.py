"""Student's licence: what its teachers' licences require, in the words of the model card.

Licence, student.architecture ──> StudentLicence(license, license_name, license_link), and
                                  what must be done or left
"""

from dataclasses import dataclass

from stillroom.config.schema import FROM_TEACHER
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence
from stillroom.teachers.licences.licence_index import WITHOUT_HUB_IDENTIFIER

FREE = (None, "own")  # licences of nobody else
OTHER = "other"


@dataclass(frozen=True, slots=True)
class StudentLicence:
    """A student's licence.

    Attributes:
        license: the Hub's identifier; `other` where the Hub has none.
        name: with `other`, what it is called.
        link: with `other`, where it lies.
        why: a sentence.
    """

    license: str
    name: str | None
    link: str | None
    why: str


def student_licence(licence: Licence, architecture: str) -> StudentLicence:
    """Return the licence of a student of these teachers.

    Args:
        licence: of the teachers.
        architecture: the student's; one that begins with layers of the first teacher is a changed
            copy of it.
    """
    if any(teacher.verdict == "unknown" for teacher in licence.teachers):
        return _other(
            "not-known", "It is not known what a teacher's licence requires of a student."
        )
    required = {
        identifier: teacher
        for teacher in licence.teachers
        for identifier in [_asked(teacher, teacher is _copied(licence, architecture))]
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
    """Return what must be done or left, each once: of answers, and of layers where it has some."""
    demands = [one for teacher in licence.teachers for one in teacher.conditions]
    copied = _copied(licence, architecture)
    demands += copied.layers if copied else ()
    return tuple(dict.fromkeys(demands))


def _copied(licence: Licence, architecture: str) -> TeacherLicence | None:
    """Return the teacher whose layers a student begins with."""
    return licence.teachers[0] if architecture == FROM_TEACHER else None


def _asked(teacher: TeacherLicence, is_copied: bool) -> str | None:
    """Return which licence a teacher's own asks of a student."""
    return teacher.student or (teacher.identifier if is_copied else None)


def _other(name: str, why: str) -> StudentLicence:
    return StudentLicence(OTHER, name, None, why)
