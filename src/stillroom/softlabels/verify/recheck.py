"""Again: rows of a shard and their teacher in, whether it still says what was kept of it out.

row ──the teacher, asked again──> sparsified and encoded anew ──distance──> below a bound
"""

from collections.abc import Sequence

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import Member
from stillroom.softlabels.capture.chunks import Question
from stillroom.softlabels.capture.sparsify_rows import on_cpu, sparse
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.encode import encode_rows
from stillroom.softlabels.format.fingerprint import AGAIN
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.pooled_features import apart, features_of, halved, split
from stillroom.softlabels.sparsify.sparsifiers import own_temperature

# A teacher asked again at the same shape on the same kind of machine says the same to the bit;
# this leaves room for another processor, whose sums differ in their last bits.
AGAIN_BOUND = 2e-2
# Entropies and log p near 0 are compared by their ratio down to this size, in nats.
SMALL = 1e-3


def require_same_again(
    kept: Decoded,
    expected: Sequence[Question],
    rows: Sequence[int],
    member: Member,
    where: str,
) -> None:
    """Ask the teacher again about some rows and compare all that is kept of its answers.

    Args:
        kept: a shard.
        expected: its questions, in order.
        rows: which of them to ask again.
        member: the teacher.
        where: names the shard in an error.

    Raises:
        SoftLabelError: names the row where the teacher now says something else.
    """
    asked = [expected[row] for row in rows]
    said = member.answer(np.stack([question.input() for question in asked]))
    parts = [split(part) for part in said]
    answers = [one for logits, _ in parts for one in on_cpu(logits)]
    features = [halved(found, range(len(found))) for _, found in parts if found is not None]
    states = np.concatenate(features) if features else None
    for at, (row, question) in enumerate(zip(rows, asked, strict=True)):
        entries = sparse(answers[at][None], [0], [question.row], member.capture)
        state = None if states is None else states[at][None]
        table = encode_rows([question.row], entries, member.capture, kept.layout, state)
        one = Decoded(kept.table.slice(row, 1).combine_chunks(), kept.layout)
        distance = _apart(one, Decoded(table, kept.layout))
        if state is not None:
            distance = max(distance, apart(features_of(one.table), state))
        if not distance <= AGAIN_BOUND:
            raise SoftLabelError(
                f"{where}, row {row}: the teacher now answers otherwise, by {distance:.3g} of the "
                f"mass. The labels are misaligned, or the teacher changed. {AGAIN}"
            )


def _apart(kept: Decoded, again: Decoded) -> float:
    """Return the largest of the distances between two captures of one row.

    Half the absolute difference of the weights, averaged over the positions; and the relative
    differences of entropy and log p, which tell two rows of one confident class apart.
    """
    temperature = own_temperature(kept.layout.sparsifier)
    first, second = kept.distributions(temperature), again.distributions(temperature)
    cells = np.concatenate([d.owners * d.classes + d.ids for d in (first, second)])
    signed = np.concatenate([first.weights, -second.weights])
    _, at = np.unique(cells, return_inverse=True)
    distances = [0.5 * np.abs(np.bincount(at, weights=signed)).sum() / max(len(first), 1)]
    for ours, theirs in ((kept.entropy, again.entropy), (kept.log_p_label, again.log_p_label)):
        differ = (ours != theirs) & ~np.isnan(theirs)  # -inf equals -inf, and has no difference
        difference = np.abs(ours - theirs)[differ] / (SMALL + np.abs(theirs[differ]))
        distances.append(float(difference.max(initial=0.0)))
    return float(np.max(distances))


def rows_again(shard: Shard, decoded: Decoded) -> list[int]:
    """Return the rows that the teacher is asked about again.

    One is picked by the shard's own hash: not always the first, and the same one each time. The
    other is the one that the teacher was least sure of, whose answer is least like its
    neighbours': where rows lie in the order of their classes, most are alike.
    """
    lengths = np.diff(decoded.positions)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    by_row = np.bincount(owners, decoded.entropy, len(lengths))
    return sorted({int(shard.sha256[:8], 16) % shard.rows, int(np.argmax(by_row))})
