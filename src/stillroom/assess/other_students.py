"""Other students: those of the same soft labels, found and run over the test split.

data/05_students/* ──of the same soft labels──> paths ──each run──> Scores ──> Member
statistics, cost ──> Member of this student and of the teacher ──> family records
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stillroom.assess.predict.labelled_rows import test_rows
from stillroom.config.schema import Inference
from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.encoders.sequence_encoder import LABELS, Sequences
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, runs_in
from stillroom.evaluation.cost.latency import latency_of
from stillroom.evaluation.cost.parameters import size_of
from stillroom.evaluation.pareto import Member, records
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.wilson import within
from stillroom.models.forward.fixed_shape import probabilities
from stillroom.models.forward.sequence_logits import batches_of_token_logits
from stillroom.models.forward.serving import serving
from stillroom.models.pretrained.model_directory import load_model
from stillroom.training.run_provenance import origin_of

_LOG = logging.getLogger(__name__)

BATCH_SIZE, SEQUENCES = 256, 8

Numbers = dict[str, int | float]
DECIMALS = 4


def family_records(
    examples: pl.DataFrame,
    encoder: Encoder,
    soft_labels: str,
    students: Path,
    every_student: Path,
    evidence: Evidence,
    cost: Mapping[str, Numbers],
) -> list[dict[str, Any]]:
    """Return a record of each student of the same soft labels, and of the teacher; [] of one alone.

    Args:
        examples: every example.
        encoder: of them.
        soft_labels: the content of the set, as its manifest has it.
        students: the folder of the student that this run is about.
        every_student: the folder of the folders of all.
        evidence: on this one and the teacher.
        cost: what these take.

    Raises:
        ModelError: a model directory is damaged.
    """
    others = siblings_of(every_student, students.name, soft_labels)
    if not others:
        return []
    test = test_rows(examples, encoder)
    compared = [member_of(path, test, encoder) for path in others]
    members = [*known(students.name, evidence, cost), *compared]
    if isinstance(encoder, SequenceEncoder):
        return records(members, "nll")
    return records(members, "accuracy")


def siblings_of(every_student: Path, name: str, soft_labels: str) -> list[Path]:
    """Return the folders of the other students that learnt from the same soft labels.

    Args:
        every_student: the folder of their folders.
        name: of the student that this run is about.
        soft_labels: the content of the set, as its manifest has it.
    """
    found = []
    for path in sorted(every_student.iterdir()):
        if not path.is_dir() or path.name == name or path.name.startswith("."):
            continue
        origin = origin_of(path)
        if origin is not None and origin.soft_labels == soft_labels:
            found.append(path)
        else:
            _LOG.warning("%s learnt from other soft labels and is not compared", path.name)
    return found


def known(name: str, found: Evidence, cost: Mapping[str, Numbers]) -> tuple[Member, Member]:
    """Return the teacher, and the student that this run is about, of what was measured."""
    good = found.accuracy.arms
    if found.of_sequences:
        good = {arm: _as_nll(one) for arm, one in found.log_likelihood.arms.items()}
    return (
        _member(TEACHER, good[TEACHER], good[TEACHER].value, cost[TEACHER]),
        _member(name, good[STUDENT], good[CONTROL].value, cost[STUDENT]),
    )


def member_of(path: Path, test: pl.DataFrame, encoder: Encoder) -> Member:
    """Return what a student is like.

    Args:
        path: the folder of its runs.
        test: the rows of the test split.
        encoder: of them.

    Raises:
        ModelError: a model directory is damaged.
    """
    good = {
        arm: _scores([path / run.name for run in runs_in(path) if run.arm == arm], test, encoder)
        for arm in (CONTROL, STUDENT)
    }
    return Member(
        name=path.name,
        quality=_mean(good[STUDENT], encoder),
        alone=good[CONTROL].value,
        parameters=size_of(load_model(path / STUDENT)).parameters,
    )


def times_of_family(
    every_student: Path,
    name: str,
    soft_labels: str,
    inference: Inference,
    timed: pl.DataFrame,
    encoder: Encoder,
) -> dict[str, Numbers]:
    """Return the latency of each sibling in milliseconds, for cost.json, as `family/<name>`.

    Args:
        every_student, name, soft_labels: as of `siblings_of`.
        inference: how they run.
        timed: rows, asked one at a time, once each.
        encoder: of them.

    Raises:
        ModelError: a model directory is damaged.
    """
    inputs, times = encoder.encode(timed), {}
    for path in siblings_of(every_student, name, soft_labels):
        latency = latency_of(serving(load_model(path / STUDENT, inference)), inputs, len(timed))
        times[f"family/{path.name}"] = {"ms_p50": round(latency.ms_p50, DECIMALS)}
    return times


def _scores(models: list[Path], test: pl.DataFrame, encoder: Encoder) -> Scores:
    """Return the accuracy of each answer of some runs; of sequences the NLL of each token."""
    if isinstance(encoder, SequenceEncoder):
        sequences = encoder.encode(test)
        nll = [_nll(path, sequences, encoder) for path in models]
        return Scores.of_sequences(np.stack(nll), (sequences[:, LABELS] >= 0).sum(axis=1))
    inputs, labels = encoder.encode(test), test["label"].to_numpy()
    answers = [probabilities(load_model(path), inputs, BATCH_SIZE) for path in models]
    return Scores.of_answers(np.stack([one.argmax(axis=1) == labels for one in answers]))


def _mean(scores: Scores, encoder: Encoder) -> Estimate:
    """Return the mean accuracy, or NLL, with its interval."""
    found = estimate(scores)
    return found if isinstance(encoder, SequenceEncoder) else within(found, scores.examples)


def _nll(path: Path, inputs: Sequences, encoder: SequenceEncoder) -> NDArray[np.float64]:
    """Return -log q of each token that is asked, row after row."""
    labels = [torch.from_numpy(row[row >= 0]).long() for row in inputs[:, LABELS]]
    found: list[torch.Tensor] = []
    for batch in batches_of_token_logits(load_model(path), inputs, SEQUENCES, encoder.outputs):
        for logits in batch.double():
            right = labels[len(found)]
            asked = logits[: len(right)].cpu()
            found.append(functional.cross_entropy(asked, right, reduction="none"))
    return torch.cat(found).numpy()


def _member(name: str, quality: Estimate, alone: float, cost: Numbers) -> Member:
    return Member(
        name=name,
        quality=quality,
        alone=alone,
        parameters=cost["parameters"],
    )


def _as_nll(found: Estimate) -> Estimate:
    """Return the NLL of a log-likelihood."""
    return Estimate(-found.value, -found.high, -found.low)
