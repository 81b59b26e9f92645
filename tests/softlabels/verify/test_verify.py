"""Verify: names the place of deliberate shuffles, shifts, and rows and teachers of other sets.

a valid set ──one change, every hash corrected──> verify refuses it
"""

import re
from dataclasses import replace
from math import isnan
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.softlabels.changed_sets import (
    CLASS_ROWS,
    CLASSES,
    KINDS,
    LONG_ROWS,
    TOKEN_ROWS,
    TOP,
    Ints,
    payload_at,
    refusal,
    set_under_test,
)
from support.softlabels.linear_teachers import SHARD_ROWS, MemoryInputs

from stillroom.softlabels.capture.promises import RUNS_HERE, Promises
from stillroom.softlabels.format.column_schema import KEY_COLUMNS
from stillroom.softlabels.format.manifest import SHARDS
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.verify.verify import Finding, verify


def shuffled(rows: int) -> Ints:
    """Return an order that leaves no row in its place."""
    random = np.random.default_rng(3)
    while ((order := random.permutation(rows)) == np.arange(rows)).any():
        pass
    return order


MOVES = {
    "shuffled": shuffled,
    "one down": lambda n: np.roll(np.arange(n), 1),
    "one up": lambda n: np.roll(np.arange(n), -1),
}


BY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


BY_ROWS = pytest.mark.parametrize("inputs", [CLASS_ROWS, LONG_ROWS], ids=["classes", "tokens"])


@BY_KIND
@BY_ROWS
def test_a_valid_set_passes_and_everything_was_checked(
    tmp_path: Path, kind: Sparsifier, inputs: MemoryInputs
) -> None:
    subject = set_under_test(tmp_path, kind, inputs, members=1 if kind == TOP else 2)
    ticks: list[int] = []
    findings = verify(
        subject.labels, subject.members, [inputs] * len(subject.members), ticks.append
    )
    for member, finding in enumerate(findings):
        assert (finding.rows, finding.positions) == (len(inputs), len(inputs.labels))
        shards = len(subject.shards(member))
        assert shards <= finding.rechecked <= 2 * shards
        assert len(subject.members[member].seen) == finding.rechecked
    assert sum(ticks) == len(inputs) * len(subject.members)
    if not isinstance(kind, Sample | Threshold | FixedThreshold):  # their labels are its argmaxes
        assert findings[0].agreement == 1.0


@BY_KIND
@BY_ROWS
@pytest.mark.parametrize("move", MOVES)
def test_a_payload_that_was_moved_against_its_keys_is_caught_though_every_hash_is_right(
    tmp_path: Path, kind: Sparsifier, inputs: MemoryInputs, move: str
) -> None:
    subject = set_under_test(tmp_path, kind, inputs)
    subject.change_all(payload_at(MOVES[move](len(inputs))))
    assert re.match(r"member 0, shard \w{32}\.parquet, row \d+: ", refusal(subject))


@BY_KIND
@pytest.mark.parametrize("move", ["shuffled", "one down"])
def test_it_is_caught_in_a_single_shard_too_and_that_one_is_named(
    tmp_path: Path, kind: Sparsifier, move: str
) -> None:
    subject = set_under_test(tmp_path, kind, LONG_ROWS, members=1 if kind == TOP else 2)
    last = len(subject.labels.members) - 1
    rows = subject.shards(last)[1].rows
    where = subject.change_shard(1, payload_at(MOVES[move](rows)), last)
    assert refusal(subject).startswith(f"{where}, row ")


@BY_KIND
def test_positions_moved_by_one_within_every_row_are_caught(
    tmp_path: Path, kind: Sparsifier
) -> None:
    # The classic error with language models: the answer to token t stands at token t + 1.
    subject = set_under_test(tmp_path, kind, LONG_ROWS)

    def moved(table: pa.Table) -> pa.Table:
        for name in table.schema.names[len(KEY_COLUMNS) :]:
            rows = table[name].to_pylist()
            if name == "positions":
                rows = [[(place + 1) % 3 for place in row] for row in rows]
            elif name in ("entropy", "log_p_label", "log_z") or kind == Full():
                rows = [np.roll(row, len(row) // 3).tolist() for row in rows]
            at = table.schema.get_field_index(name)
            field = table.schema.field(at)
            table = table.set_column(at, field, pa.array(rows, field.type))
        return table

    subject.change_all(moved)
    message = refusal(subject)
    assert re.match(
        r"member 0, shard \w{32}\.parquet, row \d+: "
        r"(the teacher's answer changed|log p of a hard label|the head and the log p|the mass is)",
        message,
    ), message


@pytest.mark.parametrize("kind", [Full(), KINDS[2]], ids=["full", "threshold"])
def test_without_hard_labels_the_recheck_still_finds_a_shift(
    tmp_path: Path, kind: Sparsifier
) -> None:
    none = CLASS_ROWS.with_rows(labels=np.array([-1], np.int32))
    subject = set_under_test(tmp_path, kind, none)
    (finding,) = subject.verify()
    assert isnan(finding.agreement)
    subject.change_all(payload_at(np.roll(np.arange(40), 1)))
    assert "the teacher's answer changed" in refusal(subject)


def test_rows_of_one_class_one_after_another_hide_no_shift(tmp_path: Path) -> None:
    # If rows are sorted by class, nearly every argmax still agrees with its label after a shift.
    order = np.argsort([row.labels[0] for row in CLASS_ROWS.rows], kind="stable")
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS.take(order.tolist()))
    subject.change_all(payload_at(np.roll(np.arange(40), 1)))
    assert "the teacher's answer changed" in refusal(subject)


def test_labels_that_were_shuffled_are_caught_by_agreement_with_both_shares(
    tmp_path: Path,
) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    mixed = np.random.default_rng(5).permutation(CLASS_ROWS.labels)
    wrong = replace(
        CLASS_ROWS,
        rows=tuple(replace(row, labels=mixed[n : n + 1]) for n, row in enumerate(CLASS_ROWS.rows)),
    )
    message = refusal(subject, wrong)
    assert re.match(r"member 0 agrees with \d+\.\d% of the hard labels, and shuffled", message)


@BY_KIND
def test_a_teacher_that_changed_is_caught_with_shard_and_row(
    tmp_path: Path, kind: Sparsifier
) -> None:
    subject = set_under_test(tmp_path, kind, TOKEN_ROWS, members=1 if kind == TOP else 2)
    subject.members[-1].weights[:, 0] += 1
    number = len(subject.members) - 1
    first = subject.shards(number)[0]
    assert re.match(
        rf"member {number}, shard {first.name}, row \d+: the teacher's answer changed",
        refusal(subject),
    )


def test_a_shard_of_another_member_in_a_members_place_is_caught(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS, members=2)
    subject.members[1].weights[:] = subject.members[0].weights  # now no answer differs between them
    subject.replace_tables([table for _, table in subject.labels.tables(0)], member=1)
    assert refusal(subject).startswith(
        f"shard {subject.shards(1)[0].name} holds answers of another teacher"
    )


def test_rows_that_were_captured_under_other_labels_are_caught(tmp_path: Path) -> None:
    # With one draw, log p of another label is just another number.
    subject = set_under_test(tmp_path, KINDS[4], CLASS_ROWS)
    rows = list(CLASS_ROWS.rows)
    labelled = next(n for n, row in enumerate(rows) if n > SHARD_ROWS and row.labels[0] >= 0)
    rows[labelled] = replace(rows[labelled], labels=(rows[labelled].labels + 1) % CLASSES)
    message = refusal(subject, replace(CLASS_ROWS, rows=tuple(rows)))
    assert re.match(r"member 0, shard \w+\.parquet, row \d+: .* label", message)


def test_a_damaged_shard_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    shard = subject.shards()[2]
    path = subject.labels.folder / SHARDS / shard.name
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    assert refusal(subject).startswith(f"shard {shard.name} is damaged")


def test_a_finding_is_a_line_with_its_counts_and_shares() -> None:
    finding = Finding(
        RUNS_HERE, 12_345, 67_890, rechecked=6, agreement=0.9876, shuffled=0.1012, shifted=0.5
    )
    assert str(finding) == (
        "12,345 rows, 67,890 positions, 6 rows captured a second time; "
        "98.8% agree with the hard labels (shuffled 10.1%, moved by one 50.0%)"
    )


def test_a_finding_without_labels_claims_no_agreement() -> None:
    assert str(Finding(RUNS_HERE, 5, 5, rechecked=2)) == (
        "5 rows, 5 positions, 2 rows captured a second time; no hard labels to compare with"
    )


def test_a_teacher_that_cannot_be_asked_again_is_not_run(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    once = Promises(repeatable=False, exact=False)
    member = replace(subject.members[0], promises=once, seen=[], fails_after=0)
    (finding,) = verify(subject.labels, [member], [subject.capture_inputs], lambda rows: None)
    assert finding.rechecked == 0
    assert member.seen == []
    assert "no row captured a second time, because the teacher cannot be asked again" in str(
        finding
    )


def test_a_teacher_without_equal_answers_is_reported_with_its_distance(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    inexact = Promises(repeatable=True, exact=False)
    teacher = subject.members[0]
    member = replace(teacher, promises=inexact, weights=teacher.weights * np.float32(1.5))
    (finding,) = verify(subject.labels, [member], [subject.capture_inputs], lambda rows: None)
    assert finding.distance > 0.02
    assert f"at a distance of up to {finding.distance:.2g}, which is not judged" in str(finding)


def test_a_weak_teacher_is_said_in_the_finding() -> None:
    finding = Finding(
        RUNS_HERE, 10, 200, rechecked=4, agreement=0.1, shuffled=0.05, shifted=0.13, is_weak=True
    )
    assert str(finding).endswith(
        "(shuffled 5.0%, moved by one 13.0%); the teacher is weak: it repeats tokens more often "
        "than it predicts the next"
    )
