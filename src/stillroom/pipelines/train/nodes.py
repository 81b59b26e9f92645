"""Nodes of `train`: train the student, and the control that it is compared with."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.schema import (
    Inference,
    Objective,
    SoftLabels,
    Student,
    Trainer,
    plain,
)
from stillroom.config.schema.field_types import DeviceMap, Dtype
from stillroom.config.schema.run_schema import Sanity
from stillroom.io.files.confined_paths import project_root
from stillroom.io.files.workspace import live_curves, new_workspace, unfinished
from stillroom.io.tables import TableFile
from stillroom.teachers.softlabels_config import require_configured, require_examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillroom.data.encoders import Encoder
    from stillroom.softlabels.reading.label_set import SoftLabelSet
    from stillroom.teachers.teacher import TeacherRef
    from stillroom.training.job import Fit, Job, LiveConfig
    from stillroom.training.run_provenance import StartProvenance
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any


def train_students(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    softlabels: SoftLabels,
    student: Student,
    objective: Objective,
    mode: Literal["cached", "live"],
    dtype: Dtype,
    device_map: DeviceMap,
    seeds: int,
    full_logits: bool,
    trainer: Trainer,
    data_alarms: list[dict[str, Any]],
    teacher_alarms: list[dict[str, Any]],
    sanity: Sanity,
) -> tuple[Path, Any]:
    """Return a folder with one model for each run, and the learning curves of all of them.

    `control/` is the same model as `student/` with the same seed and the same batches, and learns
    only from hard labels. Each further seed has its own pair, such as `student_1/`. A third model
    may learn from all logits: see `trained_arms`.

    Raises:
        SanityError: there is an alarm, and `evaluate.sanity` is stop.
        LicenceError: the licence of the model at `student.path` is unknown.
        SoftLabelError, DataError: the soft labels do not fit the rest, or examples were changed.
    """
    from stillroom.assess.sanity.alarm import known_alarms, require_none
    from stillroom.data.encoders import read_encoder
    from stillroom.evaluation.arms import FULL_LOGITS, runs, trained_arms
    from stillroom.teachers.licences.start_licence import licence_of_start
    from stillroom.teachers.stored_teachers import teacher_refs
    from stillroom.training.job_fits import live_config, student_fits
    from stillroom.training.model_start import student_start
    from stillroom.training.run_provenance import start_provenance

    require_none(known_alarms(data_alarms, teacher_alarms), sanity)
    refs = teacher_refs(teachers, Inference(dtype=dtype, device_map=device_map))
    fitted = read_encoder(encoder)
    _require_set_of(soft_labels, refs, softlabels, fitted, examples)
    start = student_start(student, refs[0], project_root())
    provenance = start_provenance(start, licence_of_start(student, project_root()))
    arms = trained_arms(mode, full_logits, soft_labels.is_whole)
    fits = student_fits(runs(arms, seeds), student, objective, fitted.classes, start, mode)
    live = live_config(refs, softlabels) if mode == "live" or FULL_LOGITS in arms else None
    job = _job(examples, encoder, soft_labels, fits, trainer, live)
    settings = plain({"student": student, "objective": objective})
    return _train(job, soft_labels.manifest.content, settings, provenance)


def _require_set_of(
    soft_labels: SoftLabelSet,
    refs: "Sequence[TeacherRef]",
    softlabels: SoftLabels,
    fitted: "Encoder",
    examples: TableFile,
) -> None:
    """Refuse a set of other teachers, settings or examples."""
    soft_labels.require(fitted.classes, [ref.weights for ref in refs])
    require_configured(soft_labels, softlabels, fitted)
    require_examples(soft_labels, examples, fitted)


def _job(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    fits: "list[Fit]",
    trainer: Trainer,
    live: "LiveConfig | None",
) -> "Job":
    from stillroom.training.job import Job

    return Job(
        examples=str(examples.path),
        encoder=str(encoder),
        soft_labels=str(soft_labels.folder),
        folder=str(unfinished(project_root(), "train_students")),
        curves=str(live_curves(project_root(), "train")),
        fits=fits,
        trainer=trainer,
        live=live,
    )


def _train(
    job: "Job", content: str, settings: dict[str, Any], start: "StartProvenance | None"
) -> tuple[Path, Any]:
    from stillroom.training.process.launch import train
    from stillroom.training.run_provenance import write_provenance

    models = new_workspace(project_root(), "train") / "models"
    curves = train(job, models)
    write_provenance(models, content, settings, start)
    return models, curves
