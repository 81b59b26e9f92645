"""Permissions: the licence of a model in, what it allows in words out.

TeacherLicence ──> as a teacher: may answers train another model?
               └─> as a start: what applies to a modified copy
"""

from stillroom.teachers.licences.check_licence import PAGE
from stillroom.teachers.licences.licence_document import TeacherLicence

APPLIES = "The student is then a modified copy, so this licence applies to it."


def permissions_text(licence: TeacherLicence) -> str:
    """Return what a licence allows, one line for each use and each condition."""
    named = licence.name if licence.identifier is None else f"{licence.identifier}, {licence.name}"
    where = "" if licence.read_from == "nowhere" else f", by the {licence.read_from}"
    lines = [f"licence: {named}{where}", f"  as a teacher: {_as_teacher(licence)}"]
    lines += [f"    {condition}" for condition in licence.conditions]
    if licence.student is not None:
        lines.append(f"    The student must be under {licence.student}.")
    lines.append(f"  as the start of a student: {_as_start(licence)}")
    lines += [f"    {condition}" for condition in licence.layers]
    return "\n".join(lines)


def _as_teacher(licence: TeacherLicence) -> str:
    match licence.verdict:
        case "allowed":
            return f"allowed: {licence.says}"
        case "conditions":
            return f"allowed with conditions: {licence.says}"
        case "forbidden":
            return (
                f"forbidden: {licence.says} ({licence.source}). A run needs "
                "teacher.licence_acknowledged, with your reason."
            )
        case "unknown":
            return (
                f"not known: {licence.says}. A run needs teacher.licence, a licence in {PAGE}, or "
                "teacher.licence_acknowledged, with your reason."
            )


def _as_start(licence: TeacherLicence) -> str:
    if licence.verdict == "unknown":
        return f"not known. {APPLIES} A run needs student.licence, or your reason."
    return APPLIES
