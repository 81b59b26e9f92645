"""Other students: the students of the same soft labels, measured on the test split.

data/05_students/* ──same soft labels──> paths ──each run──> Scores ──> Member
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
from stillroom.data.encoders import Encoder, SequenceEncoder, read_encoder
from stillroom.data.text.token_layout import LABELS, Sequences
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, runs_in
from stillroom.evaluation.cost.latency import latency_of
from stillroom.evaluation.cost.parameter_counts import size_of
from stillroom.evaluation.pareto import Member, pareto_records
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.wilson import within
from stillroom.io.json.number_groups import GroupedNumbers, NamedNumbers
from stillroom.io.json.round_numbers import rounded
from stillroom.io.tables import TableFile
from stillroom.models.forward.fixed_shape import probabilities
from stillroom.models.forward.sequence_logits import batches_of_token_logits
from stillroom.models.forward.serving import serving
from stillroom.models.pretrained.model_directory import load_model
from stillroom.training.run_provenance import read_provenance

_LOG = logging.getLogger(__name__)

BATCH_SIZE, SEQUENCES = 256, 8

DECIMALS = 4


def family_records(
    examples: TableFile,
    encoder: Path,
    soft_labels: str,
    students: Path,
    every_student: Path,
    statistics: dict[str, Any],
    cost: GroupedNumbers,
) -> list[dict[str, Any]]:
    """Return a record of the teacher and of each student of these soft labels; [] for only one.

    Args:
        examples: every example.
        encoder: the folder of the encoder.
        soft_labels: the content hash of the set, as its manifest has it.
        students: the folder of the student that this run is about.
        every_student: the folder of the folders of all students.
        statistics: `Evidence` on this student and the teacher, as JSON.
        cost: the cost of both.

    Raises:
        ModelError: a model directory is damaged.
    """
    paths = other_students(every_student, students.name, soft_labels)
    if not paths:
        return []
    fitted = read_encoder(encoder)
    test = test_rows(examples.read(), fitted)
    others = [member_of(path, test, fitted) for path in paths]
    members = [*members_of_run(students.name, Evidence.from_json(statistics), cost), *others]
    return rounded(
        pareto_records(members, "nll" if isinstance(fitted, SequenceEncoder) else "accuracy")
    )


def other_students(every_student: Path, name: str, soft_labels: str) -> list[Path]:
    """Return the folders of the other students that learned from the same soft labels.

    A warning names each student that learned from different soft labels.

    Args:
        every_student: the folder of the folders of all students.
        name: the name of the student that this run is about.
        soft_labels: the content hash of the set, as its manifest has it.
    """
    paths = []
    for path in sorted(every_student.iterdir()):
        if not path.is_dir() or path.name == name or path.name.startswith("."):
            continue
        provenance = read_provenance(path)
        if provenance is not None and provenance.soft_labels == soft_labels:
            paths.append(path)
        else:
            _LOG.warning("%s learned from other soft labels and is not compared", path.name)
    return paths


def members_of_run(
    name: str, evidence: Evidence, cost: Mapping[str, NamedNumbers]
) -> tuple[Member, Member]:
    """Return the teacher and this run's student as members, from evidence and cost."""
    quality = evidence.accuracy.arms
    if evidence.of_sequences:
        quality = {arm: _as_nll(mean) for arm, mean in evidence.log_likelihood.arms.items()}
    return (
        _member(TEACHER, quality[TEACHER], quality[TEACHER].value, cost[TEACHER]),
        _member(name, quality[STUDENT], quality[CONTROL].value, cost[STUDENT]),
    )


def member_of(path: Path, test: pl.DataFrame, encoder: Encoder) -> Member:
    """Return the quality and the size of a student.

    Args:
        path: the folder of its runs.
        test: the rows of the test split.
        encoder: their encoder.

    Raises:
        ModelError: a model directory is damaged.
    """
    scores = {
        arm: _scores([path / run.name for run in runs_in(path) if run.arm == arm], test, encoder)
        for arm in (CONTROL, STUDENT)
    }
    return Member(
        name=path.name,
        quality=_mean(scores[STUDENT], encoder),
        alone=scores[CONTROL].value,
        parameters=size_of(load_model(path / STUDENT)).parameters,
    )


def times_of_family(
    every_student: Path,
    name: str,
    soft_labels: str,
    inference: Inference,
    rows: pl.DataFrame,
    encoder: Encoder,
) -> GroupedNumbers:
    """Return the latency of each other student in milliseconds, for cost.json: `family/<name>`.

    Args:
        every_student, name, soft_labels: as for `other_students`.
        inference: how the students run.
        rows: the inputs; each is run once, as a batch of one.
        encoder: their encoder.

    Raises:
        ModelError: a model directory is damaged.
    """
    inputs, times = encoder.encode(rows), {}
    for path in other_students(every_student, name, soft_labels):
        latency = latency_of(serving(load_model(path / STUDENT, inference)), inputs, len(rows))
        times[f"family/{path.name}"] = {"ms_p50": round(latency.ms_p50, DECIMALS)}
    return times


def _scores(models: list[Path], test: pl.DataFrame, encoder: Encoder) -> Scores:
    """Return whether each answer of the models is correct; for sequences, each token's NLL."""
    if isinstance(encoder, SequenceEncoder):
        sequences = encoder.encode(test)
        nll = [_nll(path, sequences, encoder) for path in models]
        return Scores.of_sequences(np.stack(nll), (sequences[:, LABELS] >= 0).sum(axis=1))
    inputs, labels = encoder.encode(test), test["label"].to_numpy()
    answers = [probabilities(load_model(path), inputs, BATCH_SIZE) for path in models]
    return Scores.of_answers(np.stack([one.argmax(axis=1) == labels for one in answers]))


def _mean(scores: Scores, encoder: Encoder) -> Estimate:
    """Return the mean accuracy, or NLL, with its interval."""
    mean = estimate(scores)
    return mean if isinstance(encoder, SequenceEncoder) else within(mean, scores.examples)


def _nll(path: Path, inputs: Sequences, encoder: SequenceEncoder) -> NDArray[np.float64]:
    """Return -log q of each token that has a label, row after row."""
    labels = [torch.from_numpy(row[row >= 0]).long() for row in inputs[:, LABELS]]
    nll: list[torch.Tensor] = []
    for batch in batches_of_token_logits(load_model(path), inputs, SEQUENCES, encoder.outputs):
        for logits in batch.double():
            row = labels[len(nll)]
            labelled = logits[: len(row)].cpu()
            nll.append(functional.cross_entropy(labelled, row, reduction="none"))
    return torch.cat(nll).numpy()


def _member(name: str, quality: Estimate, alone: float, cost: NamedNumbers) -> Member:
    return Member(
        name=name,
        quality=quality,
        alone=alone,
        parameters=cost["parameters"],
    )


def _as_nll(log_likelihood: Estimate) -> Estimate:
    """Return the NLL of a log-likelihood."""
    return Estimate(-log_likelihood.value, -log_likelihood.high, -log_likelihood.low)
