"""Start licence: the licence of the model that a student starts from, or an error of one line.

    student.licence, else the model card ──index──> known ────────────────────────> TeacherLicence
    student.licence_acknowledged: a reason ───────> unknown: permitted with it

The student is then a modified copy of that model, so its licence applies to the student. What it
says of training on answers does not matter here: nobody asks this model.
"""

from pathlib import Path

from stillroom.config.schema import GivenTeacher, Student
from stillroom.errors import LicenceError
from stillroom.teachers.licences.check_licence import PAGE, given_licence
from stillroom.teachers.licences.licence_document import TeacherLicence


def licence_of_start(student: Student, root: Path) -> TeacherLicence | None:
    """Return the licence of the model at `student.path`; None if the student has none.

    Args:
        student: the section `student`.
        root: the folder of the project, from which a relative path starts.

    Raises:
        LicenceError: it is unknown, and no reason is given.
        ModelError: there is no model.
        DataError: the model card cannot be read.
    """
    if student.path is None:
        return None
    start = GivenTeacher(
        source="pretrained",
        path=student.path,
        licence=student.licence,
        licence_acknowledged=student.licence_acknowledged,
        hub_id=student.hub_id,
    )
    licence = given_licence(start, root, "student")
    if licence.verdict == "unknown" and licence.acknowledged is None:
        named = f"is under {licence.name!r}" if licence.identifier else "names no licence"
        raise LicenceError(
            f"The model {licence.teacher}, from which the student starts, {named}: {licence.says}. "
            f"The student is a modified copy of it. Set student.licence to a licence in {PAGE}, or "
            'to `own` for your own model, or set student.licence_acknowledged: "<why you may>".'
        )
    return licence
