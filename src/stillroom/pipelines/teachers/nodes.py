"""Nodes of `teachers`: check the licences, then train or import the teachers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Teacher, Trainer
from stillroom.config.schema.run_schema import Sanity
from stillroom.io.files.confined_paths import project_root
from stillroom.io.files.workspace import live_curves, new_workspace, unfinished
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.data.encoders import Encoder


def check_licence(teacher: Teacher, teachers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return each teacher's licence, as `teachers.licences.document` has it.

    Raises:
        LicenceError: the licence forbids training another model on the answers, or is unknown, and
            no reason is given.
        DataError: its model card cannot be read.
    """
    from stillroom.teachers.given_teachers import foreign_teachers
    from stillroom.teachers.licences.check_licence import licence_of, require_permitted

    licence = licence_of(foreign_teachers(teacher, teachers), teacher.members, project_root())
    require_permitted(licence, [f"teachers.{number}" for number in range(len(teachers))])
    return licence.to_json()


def train_teachers(
    examples: TableFile,
    encoder: Path,
    licence: dict[str, Any],
    data_alarms: list[dict[str, Any]],
    teacher: Teacher,
    teachers: list[dict[str, Any]],
    trainer: Trainer,
    sanity: Sanity,
) -> tuple[Path, Any]:
    """Return a folder with one model directory per teacher, and their learning curves.

    Raises:
        SanityError: there is an alarm, and `evaluate.sanity` is stop.
        LicenceError: the licence is not that of these teachers.
    """
    from stillroom.assess.sanity.alarm import known_alarms, require_none
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.given_teachers import given_teachers, prepare_teachers
    from stillroom.teachers.licences.check_licence import require_covered
    from stillroom.teachers.licences.licence_document import from_json
    from stillroom.teachers.teacher_kind import Preparation

    require_none(known_alarms(data_alarms), sanity)
    require_covered(from_json(licence), teacher.members)
    ensemble = new_workspace(project_root(), "teachers") / "ensemble"
    fitted = read_encoder(encoder)
    given = given_teachers(teacher, teachers)
    if given:
        preparation = Preparation(project_root(), examples, fitted, teacher.inference)
        prepare_teachers(given, ensemble, preparation)
        return ensemble, []
    return ensemble, _train(examples, encoder, fitted, teacher, trainer, ensemble)


def _train(
    examples: TableFile,
    encoder: Path,
    fitted: "Encoder",
    teacher: Teacher,
    trainer: Trainer,
    ensemble: Path,
) -> list[Any]:
    from stillroom.teachers.softlabels_config import store_of
    from stillroom.training.data.row_selection import rows_of_teachers
    from stillroom.training.job import Job
    from stillroom.training.job_fits import teacher_fit
    from stillroom.training.model_start import teacher_start
    from stillroom.training.process.kept_fits import KeptFits
    from stillroom.training.process.train_or_take import train_or_take

    rows, start = rows_of_teachers(fitted.classes), teacher_start(teacher, project_root())
    job = Job(
        examples=str(examples.path),
        encoder=str(encoder),
        soft_labels=None,
        folder=str(unfinished(project_root(), "train_teachers")),
        curves=str(live_curves(project_root(), "teachers")),
        fits=[teacher_fit(teacher, member, rows, start) for member in range(teacher.members)],
        trainer=trainer,
    )
    return train_or_take(job, ensemble, KeptFits.beside(store_of(project_root())))
