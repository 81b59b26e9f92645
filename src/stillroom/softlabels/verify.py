"""Verify: a captured set and what it should hold in; nothing out, or an error that says where.

    SoftLabelSet + Questions ──keys, ranges, masses, agreement with labels──> passes or raises

What a hash cannot show is checked against the examples: each has exactly one row per member,
and the teachers agree with the hard labels far more often than labels that were shuffled would.
"""

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture import Member, Questions
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.softlabels.keys import input_keys

# log Z is kept in float32: masses of heads are right to about 1e-6, and logits of 1e4 to 1e-3.
MASS_BOUND = 1e-3
# How many rows of each shard the teacher answers a second time.
ROWS_AGAIN = 1
# Logits of a second answer at the same shape on the same kind of machine are equal; this leaves
# room for another processor.
LOGIT_BOUND = 1e-3

# So many standard deviations above chance must the agreement with the hard labels be.
DEVIATIONS = 3


def verify(labels: SoftLabelSet, questions: Questions, members: tuple[Member, ...]) -> None:
    """Check a set against the examples and the teachers that it is said to come from.

    Raises:
        SoftLabelError: names the shard and the row where something is not as it must be.
    """
    for index, member in enumerate(members):
        _require_keys(labels, questions, index, member)
        _require_ranges(labels, index)
        _require_labels_meet(labels, questions, index)
        _require_teacher_repeats(labels, questions, index, member)


def _require_keys(labels: SoftLabelSet, questions: Questions, index: int, member: Member) -> None:
    table = labels.table(index)
    found, expected = table["example_id"].to_pylist(), questions.example_ids
    if set(found) != set(expected):
        raise SoftLabelError(
            f"member {index}: {len(set(expected) - set(found))} examples have no soft label, and "
            f"{len(set(found) - set(expected))} soft labels have no example. "
            "Run `kedro run --pipeline=teach`."
        )
    keys = input_keys(questions.inputs[index], member.capture.preprocessing)
    by_id = dict(zip(found, table["input_key"].to_pylist(), strict=True))
    for example_id, key in zip(expected, keys, strict=True):
        if by_id[example_id] != key:
            raise SoftLabelError(
                f"member {index}: example {example_id.hex()} was answered for another input than "
                "its own. The labels are misaligned; run `kedro run --pipeline=teach`."
            )


def _require_ranges(labels: SoftLabelSet, index: int) -> None:
    heads = labels.heads(
        labels.table(index)["example_id"].to_pylist(), labels.manifest.temperatures[0], index
    )
    ordered = np.sort(heads.ids, axis=1)
    doubled = np.asarray((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    if doubled.any():
        raise SoftLabelError(f"{_where(labels, index, doubled)}: a class stands there twice.")
    within = np.exp(heads.log_p).sum(axis=1) <= 1 + MASS_BOUND  # false for NaN too
    heavy = np.logical_not(within)
    if heavy.any():
        raise SoftLabelError(f"{_where(labels, index, heavy)}: the mass is not at most one.")


def _require_labels_meet(labels: SoftLabelSet, questions: Questions, index: int) -> None:
    """Compare the share of rows whose argmax is the hard label with what a shuffle would give."""
    known = questions.labels >= 0
    ids = [key for key, has in zip(questions.example_ids, known, strict=True) if has]
    if not ids:
        return
    truth = questions.labels[known].astype(np.int64)
    top = labels.heads(ids, labels.manifest.temperatures[0], index).ids[:, 0]
    agreement = float((top == truth).mean())
    chance, deviation = _agreement_by_chance(top, truth, labels.manifest.count)
    bound = chance + DEVIATIONS * deviation
    # On a handful of rows even a perfect teacher could not be told from chance: nothing to say.
    if bound < 1 and agreement <= bound:
        raise SoftLabelError(
            f"member {index} agrees with {agreement:.1%} of the hard labels, and shuffled labels "
            f"would agree with {chance:.1%} (±{deviation:.1%}). The labels are misaligned, or the "
            "teacher has learnt nothing; look at the teachers' learning curves."
        )


def _agreement_by_chance(
    top: NDArray[np.int64], truth: NDArray[np.int64], classes: int
) -> tuple[float, float]:
    """Return mean and standard deviation of the agreement of independent draws."""
    p_top = np.bincount(top, minlength=classes) / len(top)
    p_truth = np.bincount(truth, minlength=classes) / len(truth)
    chance = float(p_top @ p_truth)
    return chance, float(np.sqrt(max(chance * (1 - chance), 1e-12) / len(truth)))


def _require_teacher_repeats(
    labels: SoftLabelSet, questions: Questions, index: int, member: Member
) -> None:
    """Ask the teacher again about a row of each shard and compare the logits."""
    position = {key: row for row, key in enumerate(questions.example_ids)}
    for shard in labels.manifest.shards:
        if shard.member != index:
            continue
        table = labels.shard_table(shard)
        # The row is picked by the shard's own hash: not always the first, and the same each time.
        rows = [(int(shard.sha256[:8], 16) + n) % shard.rows for n in range(ROWS_AGAIN)]
        asked = [position[table["example_id"][row].as_py()] for row in rows]
        again = np.concatenate(list(member.answer(questions.inputs[index][asked])))
        for row, logits in zip(rows, again, strict=True):
            ids = np.array(table["ids"][row].as_py())
            stored = np.array(table["logits"][row].as_py())
            apart = float(np.abs(logits[ids] - stored).max())
            if not apart <= LOGIT_BOUND * max(1.0, float(np.abs(stored).max())):
                raise SoftLabelError(
                    f"shard {shard.name}, row {row}: the teacher now answers otherwise, by "
                    f"{apart:.3g} in a logit. Run `kedro run --pipeline=teach` to ask it anew."
                )


def _where(labels: SoftLabelSet, index: int, wrong: NDArray[np.bool_]) -> str:
    row = int(np.argmax(wrong))
    for shard in labels.manifest.shards:
        if shard.member != index:
            continue
        if row < shard.rows:
            return f"shard {shard.name}, row {row}"
        row -= shard.rows
    return f"member {index}"
