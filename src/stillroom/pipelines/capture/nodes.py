"""Nodes of `capture`: the teachers are asked once, and nothing unverified leaves the stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.field_types import DeviceMap, Dtype
from stillroom.config.schema import Inference, SoftLabels
from stillroom.io.files.paths import project_root
from stillroom.io.tables import TableFile
from stillroom.teachers import softlabels_config

if TYPE_CHECKING:
    from stillroom.softlabels.capture.capture_request import Answers
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves these hints when it starts; what they name can be imported later
    Answers = SoftLabelSet = Any


def refer_to_teachers(teachers: Path, dtype: Dtype, device_map: DeviceMap) -> Any:
    """Return paths and hashes of the teachers; the models themselves are opened where they run."""
    from stillroom.teachers.teacher_ref import refer

    return refer(teachers, Inference(dtype=dtype, device_map=device_map))


def answer(
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    licence: dict[str, Any],
    softlabels: SoftLabels,
) -> Answers:
    """Return the teachers' answers; saving them is what runs the teachers.

    Raises:
        LicenceError: the licence is not that of these teachers, or does not let them teach.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.softlabels.capture.capture_request import Answers
    from stillroom.teachers.capture_jobs import capture_jobs
    from stillroom.teachers.licences.check_licence import require_covered
    from stillroom.teachers.licences.licence_document import from_json

    require_covered(from_json(licence), len(teacher_refs))
    jobs = capture_jobs(examples, encoder, teacher_refs, softlabels)
    return Answers(
        jobs=jobs,
        wanted=softlabels_config.wanted_of(softlabels),
        combination=softlabels_config.read_combination_of(softlabels, len(jobs)),
        store=softlabels_config.store_of(project_root()),
        rows_per_shard=softlabels.rows_per_shard,
        pilot_positions=softlabels.pilot,
        class_names=read_encoder(encoder).classes or None,
    )


def verify(
    unverified_labels: SoftLabelSet,
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    softlabels: SoftLabels,
) -> SoftLabelSet:
    """Return the set unchanged, once it was found to be what it should be."""
    from stillroom.assess.verify_with_teachers import verify_with_teachers

    verify_with_teachers(unverified_labels, examples, encoder, teacher_refs, softlabels)
    return unverified_labels
