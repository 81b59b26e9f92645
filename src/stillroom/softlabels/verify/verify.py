"""Verify: a captured set and what it should hold in; a finding out, or an error that says where.

    set + the questions, walked together ──keys, order, ranges, masses──┐
    every row's answers ──agreement with the hard labels────────────────┼──> Finding, or raises
    a row of each shard ──the teacher, asked again──────────────────────┘

What a hash cannot show is checked against the examples and the teachers: each question has its
row, in order; the labels that the head holds have the probability that was kept beside it; the
argmax agrees with the hard labels more often than it would shuffled or shifted; and the teacher,
asked again, says the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import Member
from stillroom.softlabels.capture.capture_request import Questions
from stillroom.softlabels.capture.chunks import Question
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.distributions import Distributions, Doubles
from stillroom.softlabels.format.fingerprint import AGAIN
from stillroom.softlabels.format.pooled_features import features_of
from stillroom.softlabels.format.stochastic_rounding import root_bound
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import (
    Full,
    Sparsifier,
    Threshold,
    TopK,
    own_temperature,
)
from stillroom.softlabels.verify.agreement import Agreement
from stillroom.softlabels.verify.recheck import require_same_again, rows_again

# Logits, log Z and log p are kept in float32: masses are right to about 1e-6 at logits of tens.
MASS_BOUND = 1e-3


@dataclass(slots=True)
class Finding:
    """What was found of one member.

    Attributes:
        rows, positions: how many were checked.
        asked_again: rows that the teacher answered a second time.
        agreement: share of labelled positions whose argmax is the hard label; NaN without any.
        shuffled, shifted: what the share would be if the labels were shuffled, or moved by one.
    """

    rows: int = 0
    positions: int = 0
    asked_again: int = 0
    agreement: float = float("nan")
    shuffled: float = float("nan")
    shifted: float = float("nan")


def verify(
    labels: SoftLabelSet,
    members: Sequence[Member],
    questions: Sequence[Questions],
    tick: Callable[[int], None],
) -> list[Finding]:
    """Check a set against the examples and the teachers that it is said to come from.

    Args:
        labels: the set.
        members: the teachers, in its order.
        questions: the examples as each of them sees them.
        tick: is told of rows as they are checked.

    Raises:
        SoftLabelError: names the member, shard and row where something is not as it must be.
    """
    return [
        _of_member(labels, number, member, asked, tick)
        for number, (member, asked) in enumerate(zip(members, questions, strict=True))
    ]


def _of_member(
    labels: SoftLabelSet,
    number: int,
    member: Member,
    questions: Questions,
    tick: Callable[[int], None],
) -> Finding:
    finding, asked = Finding(), iter(questions)
    agreement = Agreement.over(labels.manifest.classes)
    for shard, table in labels.tables(number):
        where = f"member {number}, shard {shard.name}"
        expected = list(islice(asked, shard.rows))
        _require_rows(table, expected, where)
        decoded = Decoded(table, labels.layout(number))
        _require_columns(decoded, where)
        _require_positions(decoded, expected, where)
        _require_hard_labels(table, decoded, expected, where)
        found = decoded.distributions(own_temperature(decoded.layout.sparsifier))
        _require_masses(found, decoded, where)
        _require_labels(found, decoded, expected, where)
        agreement.see(_tops(found), _labels(expected).astype(np.int64))
        rows = rows_again(shard, decoded)
        require_same_again(decoded, expected, rows, member, where)
        finding.rows += shard.rows
        finding.positions += len(found)
        finding.asked_again += len(rows)
        tick(shard.rows)
    if next(asked, None) is not None:
        raise SoftLabelError(
            f"member {number}: there are {len(questions)} questions and {finding.rows} soft labels."
            f" {AGAIN}"
        )
    agreement.require(f"member {number}")
    finding.agreement, finding.shuffled = agreement.found, agreement.shuffled
    finding.shifted = agreement.shifted
    return finding


def _require_rows(table: pa.Table, expected: Sequence[Question], where: str) -> None:
    """Check that a shard's rows are the next questions, in order."""
    names = ("example_id", "input_key", "view", "draw")
    found = zip(*(table[name].to_pylist() for name in names), strict=True)
    for row, (key, question) in enumerate(zip(found, expected, strict=False)):
        asked = question.row
        if key[0] != asked.example_id:
            raise SoftLabelError(
                f"{where}, row {row}: is of example {key[0].hex()}, and the example there is "
                f"{asked.example_id.hex()}. The set is not of these examples. {AGAIN}"
            )
        if key[1:] != (asked.input_key, asked.view, asked.draw):
            raise SoftLabelError(
                f"{where}, row {row}: example {key[0].hex()} was answered for another input, view "
                f"or draw than its own. The labels are misaligned. {AGAIN}"
            )
    if len(expected) < table.num_rows:
        raise SoftLabelError(
            f"{where}, row {len(expected)}: there are no more examples. The set is not of these "
            f"examples. {AGAIN}"
        )


def _require_positions(decoded: Decoded, expected: Sequence[Question], where: str) -> None:
    declared = np.array([len(question.row.labels) for question in expected])
    held = np.diff(decoded.positions)
    wrong = held != declared
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SoftLabelError(
            f"{where}, row {row}: holds {held[row]} positions, and the example declares "
            f"{declared[row]}. {AGAIN}"
        )


def _require_columns(decoded: Decoded, where: str) -> None:
    """Check what the columns say of each other, by reading all of them."""
    try:
        decoded.distributions(own_temperature(decoded.layout.sparsifier))
        _ = decoded.entropy, decoded.log_p_label
        if decoded.layout.features != "none":
            features_of(decoded.table)
    except SoftLabelError as error:
        raise SoftLabelError(f"{where}, {error}") from error


def _require_hard_labels(
    table: pa.Table, decoded: Decoded, expected: Sequence[Question], where: str
) -> None:
    """Check that the log p that was kept is of the label of the example; `full` keeps none."""
    if isinstance(decoded.layout.sparsifier, Full):
        return
    for row, (label, question) in enumerate(zip(table["label"].to_pylist(), expected, strict=True)):
        if label != question.row.label:
            raise SoftLabelError(
                f"{where}, row {row}: was answered for the hard label {label}, and the example's "
                f"is {question.row.label}. {AGAIN}"
            )


def _require_masses(found: Distributions, decoded: Decoded, where: str) -> None:
    order = np.lexsort((found.ids, found.owners))
    owners, ids = found.owners[order], found.ids[order]
    twice = (owners[1:] == owners[:-1]) & (ids[1:] == ids[:-1])
    if twice.any():
        row = _row(decoded, owners[int(np.argmax(twice))])
        raise SoftLabelError(f"{where}, row {row}: a class stands there twice. {AGAIN}")
    masses = found.masses
    match decoded.layout.sparsifier:
        case Threshold(tau=tau):
            # Systematic sampling is off by less than a step; each head by less than a rounding.
            off = tau + np.bincount(found.owners, root_bound(found.weights), len(found))
            within, told = np.abs(masses - 1) <= off + MASS_BOUND, "one to within tau"
        case Full() | TopK():
            within, told = (masses > 0) & (masses <= 1 + MASS_BOUND), "above 0 and at most one"
        case _:
            within, told = np.abs(masses - 1) <= MASS_BOUND, "one"
    if not within.all():  # false for NaN too
        at = int(np.argmin(within))
        raise SoftLabelError(
            f"{where}, row {_row(decoded, at)}: the mass is {masses[at]:.4g}, and must be {told}. "
            f"{AGAIN}"
        )


def _require_labels(
    found: Distributions, decoded: Decoded, expected: Sequence[Question], where: str
) -> None:
    """Compare what the head says of the hard label with the log p that was kept beside it."""
    kind = decoded.layout.sparsifier
    if isinstance(kind, Full):
        return
    log_p, truth = decoded.log_p_label, _labels(expected)
    known = truth >= 0
    if (np.isnan(log_p) == known).any():
        at = int(np.argmax(np.isnan(log_p) == known))
        raise SoftLabelError(
            f"{where}, row {_row(decoded, at)}: log p of a hard label is missing, or there is one "
            f"without a label. {AGAIN}"
        )
    if own_temperature(kind) != 1:
        return
    is_label = found.ids == truth[found.owners]
    if isinstance(kind, Threshold):  # of a tail entry the weight is tau, whatever its p
        is_label &= found.weights != kind.tau
    elif not isinstance(kind, TopK):
        return
    owners, held = found.owners[is_label], found.weights[is_label]
    kept = np.exp(log_p[owners])
    apart = np.abs(held - kept) - _rounding(kind, held)
    if (apart > MASS_BOUND * kept).any():
        at = int(owners[np.argmax(apart - MASS_BOUND * kept)])
        raise SoftLabelError(
            f"{where}, row {_row(decoded, at)}: the head gives the hard label another probability "
            f"than was kept beside it. The labels are misaligned. {AGAIN}"
        )


def _rounding(kind: Sparsifier, p: Doubles) -> Doubles:
    return root_bound(p) if isinstance(kind, Threshold) else np.zeros_like(p)


def _labels(expected: Sequence[Question]) -> NDArray[np.int32]:
    return np.concatenate([question.row.labels for question in expected])


def _tops(found: Distributions) -> NDArray[np.int64]:
    order = np.lexsort((-found.ids, found.weights, found.owners))
    tops = np.full(len(found), -1, dtype=np.int64)
    tops[found.owners[order]] = found.ids[order]  # the last, and so the heaviest, is kept
    return tops


def _row(decoded: Decoded, position: int) -> int:
    return int(np.searchsorted(decoded.positions, position, side="right")) - 1
