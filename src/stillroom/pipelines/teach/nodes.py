"""Nodes of `teach`: the teachers are asked once, and nothing unverified leaves the stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import SoftLabels
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.softlabels.capture import Answers, Questions
    from stillroom.softlabels.dataset import SoftLabelSet
    from stillroom.teachers.local import LocalTeacher
else:  # Kedro resolves these hints when it starts; what they name can be imported later
    Answers = Questions = SoftLabelSet = LocalTeacher = Any


def refer_to_teachers(teachers: Path) -> Any:
    """Return paths and hashes of the teachers; the models themselves are opened where they run."""
    from stillroom.teachers.reference import refer

    return refer(teachers)


def answer(
    examples: TableFile, encoder: dict[str, Any], teacher_refs: Any, softlabels: SoftLabels
) -> Answers:
    """Return the teachers' answers; saving them is what runs the teachers."""
    from stillroom.softlabels.capture import Answers
    from stillroom.softlabels.dataset import require_exact_mean

    sparsifier, classes = _sparsifier(softlabels), tuple(encoder["classes"])
    require_exact_mean(len(teacher_refs), sparsifier.entries(len(classes)), len(classes))
    members, questions = _open(examples, encoder, teacher_refs, softlabels)
    return Answers(
        questions=questions,
        members=members,
        sparsifier=sparsifier,
        rows_per_shard=softlabels.rows_per_shard,
        classes=classes,
    )


def verify(
    unverified_labels: SoftLabelSet,
    examples: TableFile,
    encoder: dict[str, Any],
    teacher_refs: Any,
    softlabels: SoftLabels,
) -> SoftLabelSet:
    """Return the set unchanged, once it was found to be what it should be."""
    from stillroom.softlabels.fingerprint import require_same
    from stillroom.softlabels.verify import verify as verify_set

    members, questions = _open(examples, encoder, teacher_refs, softlabels)
    require_same(unverified_labels.manifest.captures, tuple(m.capture for m in members))
    verify_set(unverified_labels, questions, members)
    return unverified_labels


def _open(
    examples: TableFile, encoder: dict[str, Any], teacher_refs: Any, softlabels: SoftLabels
) -> "tuple[tuple[LocalTeacher, ...], Questions]":
    import numpy as np

    from stillroom.softlabels.capture import Questions
    from stillroom.teachers.local import open_teacher

    sparsifier = _sparsifier(softlabels)
    members = tuple(
        open_teacher(ref, sparsifier, softlabels.batch_size, encoder["classes"])
        for ref in teacher_refs
    )
    frame = examples.read()
    encoded = {member.encoder: member.encoder.encode(frame) for member in members}
    return members, Questions(
        example_ids=frame["example_id"].to_list(),
        inputs=tuple(encoded[member.encoder] for member in members),
        labels=frame["label"].fill_null(-1).to_numpy().astype(np.int32),
    )


def _sparsifier(softlabels: SoftLabels) -> Any:
    from stillroom.softlabels.sparsify import TopK

    return TopK(k=softlabels.k, temperatures=tuple(softlabels.temperatures))
