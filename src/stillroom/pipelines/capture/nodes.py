"""Nodes of `capture`: each teacher runs once, and only a verified set leaves the stage."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Inference, SoftLabels
from stillroom.config.schema.field_types import DeviceMap, Dtype
from stillroom.config.schema.run_schema import Sanity
from stillroom.io.files.confined_paths import project_root
from stillroom.io.tables import TableFile
from stillroom.teachers import softlabels_config

if TYPE_CHECKING:
    from stillroom.softlabels.capture.capture_set import CaptureRequest
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves these hints when it starts; what they name can be imported later
    CaptureRequest = SoftLabelSet = Any


def refer_to_teachers(teachers: Path, dtype: Dtype, device_map: DeviceMap) -> Any:
    """Return the path and hash of each teacher; the models are opened where they run."""
    from stillroom.teachers.stored_teachers import teacher_refs

    return teacher_refs(teachers, Inference(dtype=dtype, device_map=device_map))


def check_teachers(
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    licence: dict[str, Any],
    data_alarms: list[dict[str, Any]],
    softlabels: SoftLabels,
    sanity: Sanity,
) -> list[dict[str, Any]]:
    """Return the alarms about the data, and those about each teacher on a few labelled rows.

    `capture` stops at those about the teachers, after this document was written.

    Raises:
        LicenceError: the licence document belongs to other teachers, or forbids distillation.
        SanityError: there is an alarm about the data, and `evaluate.sanity` is stop.
    """
    from dataclasses import replace

    from stillroom.assess.sanity.alarm import from_json, require_none, to_json
    from stillroom.assess.sanity.teacher_alarms import teacher_alarms
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.licences import licence_document
    from stillroom.teachers.licences.check_licence import require_covered
    from stillroom.teachers.sentence.kept_embeddings import embeddings_folder

    require_covered(licence_document.from_json(licence), len(teacher_refs))
    known = from_json(data_alarms)
    require_none(known, sanity)
    fitted = read_encoder(encoder)
    embeddings = embeddings_folder(softlabels_config.store_of(project_root()))
    how = replace(softlabels_config.capture_settings(softlabels, fitted), embeddings=embeddings)
    found = teacher_alarms(examples, fitted, teacher_refs, how)
    for alarm in found if sanity == "warn" else ():  # at a stop the error says the same
        logging.getLogger(__name__).warning("%s", alarm.sentence)
    return to_json((*known, *found))


def capture(
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    licence: dict[str, Any],
    teacher_alarms: list[dict[str, Any]],
    softlabels: SoftLabels,
    sanity: Sanity,
) -> CaptureRequest:
    """Return what is to be captured; the dataset runs the teachers when it saves the request.

    Raises:
        SanityError: there is an alarm, and `evaluate.sanity` is stop.
        LicenceError: the licence document belongs to other teachers, or forbids distillation.
        DataError: the examples were changed after ingest.
    """
    from stillroom.assess.sanity.alarm import from_json as read_alarms
    from stillroom.assess.sanity.alarm import require_none
    from stillroom.data.encoders import read_encoder
    from stillroom.data.example_digest import examples_digest
    from stillroom.softlabels.capture.capture_set import CaptureRequest
    from stillroom.teachers.capture_jobs import capture_jobs, warn_of_truncated_texts
    from stillroom.teachers.licences.check_licence import require_covered
    from stillroom.teachers.licences.licence_document import from_json
    from stillroom.teachers.sentence.kept_embeddings import embeddings_folder

    require_none(read_alarms(teacher_alarms), sanity)
    require_covered(from_json(licence), len(teacher_refs))
    fitted = read_encoder(encoder)
    digest = examples_digest(examples, fitted)
    store = softlabels_config.store_of(project_root())
    # `verify` gets no embeddings, so its second capture runs each encoder.
    jobs = capture_jobs(examples, encoder, teacher_refs, softlabels, embeddings_folder(store))
    warn_of_truncated_texts(jobs)
    return CaptureRequest(
        jobs=jobs,
        sparsifier=softlabels_config.sparsifier_of(softlabels),
        combination=softlabels_config.read_combination_of(softlabels, len(jobs)),
        store=store,
        rows_per_shard=softlabels.rows_per_shard,
        pilot_positions=softlabels.pilot,
        class_names=fitted.classes or None,
        examples=digest,
    )


def verify(
    unverified_labels: SoftLabelSet,
    examples: TableFile,
    encoder: Path,
    teacher_refs: Any,
    teacher_alarms: list[dict[str, Any]],
    softlabels: SoftLabels,
    sanity: Sanity,
) -> SoftLabelSet:
    """Return the same set after it passed every check.

    A teacher at chance, which the parameters let pass, need not agree with the hard labels.

    Raises:
        SoftLabelError: the set does not fit the teachers, the examples or the settings.
    """
    from stillroom.assess.agreement_log import warn_where_it_fell
    from stillroom.assess.sanity.alarm import from_json
    from stillroom.assess.sanity.chance_alarms import teachers_at_chance
    from stillroom.assess.verify_with_teachers import verify_with_teachers

    at_chance = teachers_at_chance(from_json(teacher_alarms), sanity)
    findings = verify_with_teachers(
        unverified_labels, examples, encoder, teacher_refs, softlabels, at_chance
    )
    for number, finding in enumerate(findings, start=1):
        level = logging.WARNING if finding.is_weak else logging.INFO
        logging.getLogger(__name__).log(level, "teacher %d: %s", number, finding)
    warn_where_it_fell(project_root(), unverified_labels.manifest.content, findings)
    return unverified_labels
