"""Capture jobs: examples and teacher references in, loaded teachers with their inputs out."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stillroom.config.schema import SoftLabels
from stillroom.data.encoders import read_encoder
from stillroom.io.tables import TableFile
from stillroom.softlabels.capture.capture_set import CaptureJob
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.softlabels_config import capture_settings, combination_of, views_of
from stillroom.teachers.stored_teachers import open_teacher
from stillroom.teachers.teacher import TeacherRef

_LOG = logging.getLogger(__name__)


def capture_jobs(
    examples: TableFile,
    encoder: Path,
    teacher_refs: Sequence[TeacherRef],
    softlabels: SoftLabels,
    embeddings: Path | None = None,
) -> tuple[CaptureJob, ...]:
    """Return a job for each teacher, or one for an ensemble that is combined at capture.

    Args:
        examples: the table of examples.
        encoder: the folder of their encoder.
        teacher_refs: the teachers.
        softlabels: the settings.
        embeddings: see `CaptureSettings`.
    """
    fitted = read_encoder(encoder)
    how = replace(capture_settings(softlabels, fitted), embeddings=embeddings)
    views = views_of(softlabels, fitted)
    teachers = [open_teacher(ref, how, fitted) for ref in teacher_refs]
    inputs = [
        ExampleInputs(examples, teacher.encoder, views, softlabels.draws) for teacher in teachers
    ]
    if softlabels.combine == "capture" and len(teachers) > 1:
        combination = combination_of(softlabels, len(teachers))
        return (CaptureJob(Ensemble(tuple(teachers), combination), inputs[0]),)
    return tuple(CaptureJob(*pair) for pair in zip(teachers, inputs, strict=True))


def warn_of_truncated_texts(jobs: Sequence[CaptureJob]) -> None:
    """Say how many texts are longer than each teacher takes."""
    for number, job in enumerate(jobs, start=1):
        some = job.inputs
        if isinstance(some, ExampleInputs) and (cut := some.count_truncated()):
            _LOG.warning(
                "teacher %d: %d of %d texts are longer than the %d tokens that it takes, and are "
                "truncated",
                number,
                cut,
                len(some),
                some.encoder.shape[1],
            )
