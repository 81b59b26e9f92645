"""Verify with teachers: a captured set and its teachers in, a finding for each member out."""

from collections.abc import Collection, Sequence
from pathlib import Path

from stillroom.config.schema import SoftLabels
from stillroom.data.encoders import read_encoder
from stillroom.io.progress import ticking
from stillroom.io.tables import TableFile
from stillroom.softlabels.format.fingerprint import require_same
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.verify.verify import Finding, verify
from stillroom.teachers.capture_jobs import capture_jobs
from stillroom.teachers.softlabels_config import require_configured, require_examples
from stillroom.teachers.teacher import TeacherRef


def verify_with_teachers(
    labels: SoftLabelSet,
    examples: TableFile,
    encoder: Path,
    teacher_refs: Sequence[TeacherRef],
    softlabels: SoftLabels,
    at_chance: Collection[int] = (),
) -> list[Finding]:
    """Return the finding of `softlabels.verify` on each member of a set.

    Args:
        labels: the set.
        examples: every example.
        encoder: the folder of their encoder.
        teacher_refs: the teachers.
        softlabels: the settings.
        at_chance: the positions of the teachers that are known to be at chance, from 0. An
            ensemble that was combined at capture is at chance if one of its teachers is.

    Raises:
        SoftLabelError: the set was captured with other parameters, teachers or examples, or is
            damaged.
        DataError: the examples were changed after ingest.
    """
    fitted = read_encoder(encoder)
    require_configured(labels, softlabels, fitted)
    require_examples(labels, examples, fitted)
    jobs = capture_jobs(examples, encoder, teacher_refs, softlabels)
    captures = labels.manifest.captures
    # If the numbers of teachers and captures differ, `require_same` below refuses the set.
    members = [
        job.teacher.keeping(captures[number % len(captures)].sparsifier)
        for number, job in enumerate(jobs)
    ]
    require_same(captures, tuple(member.capture for member in members))
    inputs = [job.inputs for job in jobs]
    is_combined = len(jobs) < len(teacher_refs)
    known = {0} if is_combined and at_chance else at_chance
    with ticking("verifying", sum(map(len, inputs)), "rows") as ticker:
        return verify(labels, members, inputs, ticker.advance, known)
