"""Nodes of `teachers`: who the teachers are, and whether they may teach."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Teacher, Trainer
from stillroom.io.files.paths import project_root
from stillroom.io.files.workspace import live_curves, new_workspace, unfinished
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.training.job import Fit


def check_licence(teacher: Teacher) -> dict[str, Any]:
    """Return each teacher's licence, as `teachers.licences.document` has it.

    Raises:
        LicenceError: its answers may not train another model, or that is not known, and no reason
            is given.
        DataError: its model card cannot be read.
    """
    from stillroom.teachers.licences.check_licence import licence_of, require_permitted

    licence = licence_of(teacher, project_root())
    require_permitted(licence)
    return licence.to_json()


def train_teachers(
    examples: TableFile,
    encoder: Path,
    licence: dict[str, Any],
    teacher: Teacher,
    trainer: Trainer,
) -> tuple[Path, Any]:
    """Return a folder with one model directory per teacher, and their learning curves.

    Raises:
        LicenceError: the licence is not that of these teachers.
    """
    from stillroom.teachers.licences.check_licence import require_covered
    from stillroom.teachers.licences.licence_document import from_json

    require_covered(from_json(licence), teacher.members)
    ensemble = new_workspace(project_root(), "teachers") / "ensemble"
    from stillroom.data.encoders import read_encoder

    fitted = read_encoder(encoder)
    if teacher.source == "given":
        from stillroom.teachers.import_teacher import import_teacher

        import_teacher(
            project_root() / teacher.path, ensemble / "member_0", fitted, teacher.inference
        )
        return ensemble, []
    if teacher.source == "sentence":
        from stillroom.teachers.sentence_teacher import fit_sentence_teacher

        rows = examples.read()
        given = project_root() / teacher.path
        fit_sentence_teacher(given, ensemble / "member_0", rows, fitted, teacher.head)
        return ensemble, []
    from stillroom.training.job import Job
    from stillroom.training.process.launch import train

    learnt = "labelled" if fitted.classes else "all"  # each token is the label of the one before it
    job = Job(
        examples=str(examples.path),
        encoder=str(encoder),
        soft_labels=None,
        folder=str(unfinished(project_root(), "teachers")),
        curves=str(live_curves(project_root(), "teachers")),
        fits=[_fit(teacher, member, learnt) for member in range(teacher.members)],
        trainer=trainer,
    )
    return ensemble, train(job, ensemble)


def _fit(teacher: Teacher, member: int, rows: str) -> "Fit":
    from stillroom.training.job import Fit

    return Fit(
        name=f"teacher {member + 1}",
        architecture=teacher.architecture,
        optimisation=teacher.as_optimisation(),
        rows=rows,
        objective=None,
        seed=teacher.seed + member,
        shift=teacher.shift,
        label_smoothing=teacher.label_smoothing,
        output=f"member_{member}",
    )
