"""Recheck: captures some rows a second time, and refuses a teacher whose answers changed.

row ──capture──> answer ──encode──> table ──distance from the stored row──> bound
"""

from collections.abc import Sequence

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import Member
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.capture.sparsify_rows import on_cpu, sparsify_rows
from stillroom.softlabels.columns.distributions import DenseDistributions, Distributions
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.encode import encode_rows
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.pooled_features import (
    RowFeatures,
    features_of,
    relative_distance,
    split,
)

# A second capture with the same shape on the same kind of machine is bit-identical. The bound
# allows another processor, whose sums differ in the last bits.
RECHECK_BOUND = 2e-2
# In nats; keeps the relative differences of entropies and log p near 0 finite.
SMALL = 1e-3


def recheck_distance(
    stored: Decoded,
    inputs: Sequence[CaptureInput],
    rows: Sequence[int],
    member: Member,
    where: str,
) -> float:
    """Capture some rows a second time; return the largest distance from the stored rows.

    Args:
        stored: a shard.
        inputs: the inputs of its rows, in order.
        rows: the rows to capture; at least one.
        member: the teacher, which can be asked again.
        where: names the shard in an error.

    Raises:
        SoftLabelError: the teacher promises equal answers, but the answer to a row changed; the
            error names the row.
    """
    chosen = [inputs[row] for row in rows]
    batches = [split(one) for one in member.answer(np.stack([one.input() for one in chosen]))]
    answers = [answer for logits, _ in batches for answer in on_cpu(logits)]
    kept = [features for _, features in batches if features is not None]
    features = RowFeatures.stacked(kept) if kept else None
    distances = []
    for at, (row, one) in enumerate(zip(rows, chosen, strict=True)):
        entries = sparsify_rows(answers[at][None], [0], [one.row], member.capture)
        row_features = None if features is None else features.rows([at])
        table = encode_rows([one.row], entries, member.capture, stored.layout, row_features)
        first = Decoded(stored.table.slice(row, 1).combine_chunks(), stored.layout)
        distance = _distance(first, Decoded(table, stored.layout))
        if row_features is not None:
            first_features = features_of(first.table, stored.layout.features)
            distance = max(distance, relative_distance(first_features, row_features))
        if member.promises.exact and not distance <= RECHECK_BOUND:
            raise SoftLabelError(
                f"{where}, row {row}: the teacher's answer changed: distance {distance:.3g}, "
                f"allowed {RECHECK_BOUND:g}. The labels are misaligned, or this is another "
                f"teacher. {RERUN}"
            )
        distances.append(distance)
    return max(distances)


def rows_to_recheck(shard: Shard, decoded: Decoded) -> list[int]:
    """Return the rows of a shard that are captured a second time.

    The shard's hash selects one, so that it is the same row each time but not always the first. The
    other is the row with the largest entropy. If rows are sorted by class, most answers are alike,
    and the answer to this row differs most from those to its neighbours.
    """
    lengths = np.diff(decoded.positions)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    by_row = np.bincount(owners, decoded.entropy, len(lengths))
    return sorted({int(shard.sha256[:8], 16) % shard.rows, int(np.argmax(by_row))})


def _distance(first: Decoded, second: Decoded) -> float:
    """Return the largest of the distances between two captures of one row.

    These are half the absolute difference of the weights, averaged over the positions, and the
    relative differences of entropy and log p, which distinguish two rows of one confident class.
    """
    temperature = first.layout.sparsifier.own_temperature
    pair = first.distributions(temperature), second.distributions(temperature)
    distances = [0.5 * _absolute_difference(*pair) / max(len(pair[0]), 1)]
    columns = (first.entropy, second.entropy), (first.log_p_label, second.log_p_label)
    for old, new in columns:
        differs = (old != new) & ~np.isnan(new)  # two values of -inf are equal, but minus gives NaN
        difference = np.abs(old - new)[differs] / (SMALL + np.abs(new[differs]))
        distances.append(float(difference.max(initial=0.0)))
    return float(np.max(distances))


def _absolute_difference(first: Distributions, second: Distributions) -> float:
    if isinstance(first, DenseDistributions) and isinstance(second, DenseDistributions):
        return float(np.abs(first.dense() - second.dense()).sum())
    cells = np.concatenate([d.owners * d.classes + d.ids for d in (first, second)])
    signed = np.concatenate([first.weights, -second.weights])
    _, at = np.unique(cells, return_inverse=True)
    return float(np.abs(np.bincount(at, weights=signed)).sum())
