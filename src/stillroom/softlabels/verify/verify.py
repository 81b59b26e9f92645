"""Verify: checks a captured set against its inputs and its teachers.

    each row of the set and its input ──keys, order, ranges, masses──┐
    each row's distribution ──agreement with the hard labels─────────┼──> Finding, or an error
    two rows of each shard ──second capture from the teacher─────────┘

A hash cannot show whether the labels belong to the examples. So each input must have its row, in
order. The head must give the hard label the probability that is stored beside it. The argmax must
agree with the hard labels more often than with shuffled or shifted ones. And a teacher that
promises so must give the same answer a second time.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isnan

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import Member
from stillroom.softlabels.capture.capture_set import CaptureInputs
from stillroom.softlabels.capture.promises import Promises
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.verify.label_agreement import Agreement
from stillroom.softlabels.verify.recheck import recheck_distance, rows_to_recheck
from stillroom.softlabels.verify.shard_checks import CheckedShard

Judge = Callable[[Agreement, "Finding", str], None]


@dataclass(slots=True)
class Finding:
    """The result of `verify` for one member.

    Attributes:
        promises: what the teacher promises about a second capture.
        rows, positions: how many were checked.
        labelled: how many of the positions have a hard label.
        rechecked: number of rows that were captured a second time.
        distance: the largest distance of a second capture from the stored row.
        agreement: share of labelled positions whose argmax is the hard label; NaN without a label.
        shuffled, shifted: this share if the labels were shuffled, or moved by one position.
        is_weak: more answers are a token beside the label than the label.
    """

    promises: Promises
    rows: int = 0
    positions: int = 0
    labelled: int = 0
    rechecked: int = 0
    distance: float = 0.0
    agreement: float = float("nan")
    shuffled: float = float("nan")
    shifted: float = float("nan")
    is_weak: bool = False

    def __str__(self) -> str:
        """Return the finding in one line."""
        line = f"{self.rows:,} rows, {self.positions:,} positions, {self._second_capture()}"
        if isnan(self.agreement):
            return f"{line}; no hard labels to compare with"
        weak = "; the teacher is weak: it repeats tokens more often than it predicts the next"
        return (
            f"{line}; {self.agreement:.1%} agree with the hard labels "
            f"(shuffled {self.shuffled:.1%}, moved by one {self.shifted:.1%})"
            f"{weak if self.is_weak else ''}"
        )

    def _second_capture(self) -> str:
        if not self.promises.repeatable:
            return "no row captured a second time, because the teacher cannot be asked again"
        again = f"{self.rechecked:,} rows captured a second time"
        if self.promises.exact:
            return again
        return (
            f"{again}, at a distance of up to {self.distance:.2g}, which is not judged because the "
            "teacher does not promise equal answers"
        )


def require_agreement(agreement: Agreement, finding: Finding, member: str) -> None:
    """Check the agreement of a member with the hard labels.

    Raises:
        SoftLabelError: the answers belong to other rows, or to other positions.
    """
    if _is_sequences(finding):
        agreement.require_sequences(member, _is_recaptured(finding))
    else:
        agreement.require_rows(member)


def require_in_place(agreement: Agreement, finding: Finding, member: str) -> None:
    """Check only that labels do not agree better when moved, for a teacher known to be at chance.

    Raises:
        SoftLabelError: the answers belong to the positions beside them.
    """
    if _is_sequences(finding):
        agreement.require_sequences_in_place(member, _is_recaptured(finding))
    else:
        agreement.require_rows_in_place(member)


def _is_recaptured(finding: Finding) -> bool:
    return finding.promises.exact and finding.rechecked > 0


def _is_sequences(finding: Finding) -> bool:
    return finding.positions > finding.rows


def verify(
    labels: SoftLabelSet,
    members: Sequence[Member],
    inputs: Sequence[CaptureInputs],
    tick: Callable[[int], None],
    at_chance: Collection[int] = (),
) -> list[Finding]:
    """Check a set against the examples and the teachers that it should come from.

    Args:
        labels: the set.
        members: the teachers, in the order of the set.
        inputs: for each teacher, the examples in its own encoding.
        tick: is called after each shard with the number of its rows.
        at_chance: the numbers of the members that are known to be at chance and shall go on to the
            report. Their answers need not agree better than shuffled ones; all other checks stay.

    Raises:
        SoftLabelError: a check failed; the error names the member, the shard and the row.
    """
    judges = [
        require_in_place if number in at_chance else require_agreement
        for number in range(len(members))
    ]
    return [
        _finding(labels, number, member, of_member, tick, judge)
        for number, (member, of_member, judge) in enumerate(
            zip(members, inputs, judges, strict=True)
        )
    ]


def _finding(
    labels: SoftLabelSet,
    number: int,
    member: Member,
    inputs: CaptureInputs,
    tick: Callable[[int], None],
    judge: Judge,
) -> Finding:
    finding, remaining = Finding(promises=member.promises), iter(inputs)
    agreement = Agreement.over(labels.manifest.classes)
    for shard, table in labels.tables(number):
        decoded = Decoded(table, labels.layout(number))
        where = f"member {number}, shard {shard.name}"
        checked = CheckedShard.of(decoded, list(islice(remaining, shard.rows)), where)
        agreement.update(checked.argmaxes, checked.labels.astype(np.int64))
        rows = rows_to_recheck(shard, decoded) if member.promises.repeatable else []
        if rows:
            distance = recheck_distance(decoded, checked.inputs, rows, member, where)
            finding.distance = max(finding.distance, distance)
        finding.rows += shard.rows
        finding.positions += len(checked.distributions)
        finding.rechecked += len(rows)
        tick(shard.rows)
    if next(remaining, None) is not None:
        raise SoftLabelError(
            f"member {number}: there are {len(inputs)} inputs and {finding.rows} soft labels. "
            f"{RERUN}"
        )
    judge(agreement, finding, f"member {number}")
    finding.is_weak = _is_sequences(finding) and agreement.is_better_moved
    finding.agreement, finding.shuffled = agreement.share, agreement.shuffled
    finding.shifted, finding.labelled = agreement.shifted, agreement.count
    return finding
