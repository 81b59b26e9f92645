"""Verify: deliberate shuffles, shifts, foreign rows and foreign teachers, each named where it is.

a sound set ──one thing changed, every hash made right again──> verify refuses it
"""

import re
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from changed_sets import (
    CLASS_ROWS,
    CLASSES,
    KINDS,
    LONG_ROWS,
    TOKEN_ROWS,
    TOP,
    Ints,
    make,
    payload_at,
    refusal,
    with_cell,
)
from linear_teachers import (
    SHARD_ROWS,
    Questions,
)

from stillroom.softlabels.format.column_schema import KEY_COLUMNS
from stillroom.softlabels.format.manifest import SHARDS
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
)
from stillroom.softlabels.verify.verify import verify


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
BY_ROWS = pytest.mark.parametrize("asked", [CLASS_ROWS, LONG_ROWS], ids=["classes", "tokens"])


@BY_KIND
@BY_ROWS
def test_a_sound_set_passes_and_everything_was_looked_at(
    tmp_path: Path, kind: Sparsifier, asked: Questions
) -> None:
    made = make(tmp_path, kind, asked, members=1 if kind == TOP else 2)
    ticks: list[int] = []
    findings = verify(made.labels, made.members, [asked] * len(made.members), ticks.append)
    for member, found in enumerate(findings):
        assert (found.rows, found.positions) == (len(asked), len(asked.labels))
        shards = len(made.shards(member))
        assert shards <= found.asked_again <= 2 * shards
        assert len(made.members[member].asked) == found.asked_again
    assert sum(ticks) == len(asked) * len(made.members)
    if not isinstance(kind, Sample | Threshold | FixedThreshold):  # their labels are its argmaxes
        assert findings[0].agreement == 1.0


@BY_KIND
@BY_ROWS
@pytest.mark.parametrize("move", MOVES)
def test_a_payload_that_was_moved_against_its_keys_is_caught_though_every_hash_is_right(
    tmp_path: Path, kind: Sparsifier, asked: Questions, move: str
) -> None:
    made = make(tmp_path, kind, asked)
    made.change_all(payload_at(MOVES[move](len(asked))))
    assert re.match(r"member 0, shard \w{32}\.parquet, row \d+: ", refusal(made))


@BY_KIND
@pytest.mark.parametrize("move", ["shuffled", "one down"])
def test_it_is_caught_in_a_single_shard_too_and_that_one_is_named(
    tmp_path: Path, kind: Sparsifier, move: str
) -> None:
    made = make(tmp_path, kind, LONG_ROWS, members=1 if kind == TOP else 2)
    last = len(made.labels.members) - 1
    rows = made.shards(last)[1].rows
    where = made.change_shard(1, payload_at(MOVES[move](rows)), last)
    assert refusal(made).startswith(f"{where}, row ")


@BY_KIND
def test_positions_moved_by_one_within_every_row_are_caught(
    tmp_path: Path, kind: Sparsifier
) -> None:
    # The classic of language models: the answer to token t stands at token t + 1.
    made = make(tmp_path, kind, LONG_ROWS)

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

    made.change_all(moved)
    assert refusal(made)


@pytest.mark.parametrize("kind", [Full(), KINDS[2]], ids=["full", "threshold"])
def test_without_a_single_hard_label_the_teacher_asked_again_still_tells(
    tmp_path: Path, kind: Sparsifier
) -> None:
    none = CLASS_ROWS.with_rows(labels=np.array([-1], np.int32))
    made = make(tmp_path, kind, none)
    (found,) = made.verify()
    assert isnan(found.agreement)
    made.change_all(payload_at(np.roll(np.arange(40), 1)))
    assert "the teacher now answers otherwise" in refusal(made)


def test_rows_of_one_class_one_after_another_hide_no_shift(tmp_path: Path) -> None:
    # Sorted by class, a shift leaves nearly every argmax where its label is.
    order = np.argsort([row.labels[0] for row in CLASS_ROWS.rows], kind="stable")
    made = make(tmp_path, Full(), CLASS_ROWS.take(order.tolist()))
    made.change_all(payload_at(np.roll(np.arange(40), 1)))
    assert "the teacher now answers otherwise" in refusal(made)


def test_labels_that_were_shuffled_are_caught_by_agreement_with_both_shares(
    tmp_path: Path,
) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS)
    mixed = np.random.default_rng(5).permutation(CLASS_ROWS.labels)
    wrong = replace(
        CLASS_ROWS,
        rows=tuple(replace(row, labels=mixed[n : n + 1]) for n, row in enumerate(CLASS_ROWS.rows)),
    )
    message = refusal(made, wrong)
    assert re.match(r"member 0 agrees with \d+\.\d% of the hard labels, and shuffled", message)


@BY_KIND
def test_a_teacher_that_changed_is_caught_with_shard_and_row(
    tmp_path: Path, kind: Sparsifier
) -> None:
    made = make(tmp_path, kind, TOKEN_ROWS, members=1 if kind == TOP else 2)
    made.members[-1].weights[:, 0] += 1
    number = len(made.members) - 1
    first = made.shards(number)[0]
    assert re.match(
        rf"member {number}, shard {first.name}, row \d+: the teacher now answers otherwise",
        refusal(made),
    )


def test_a_shard_of_another_member_in_a_members_place_is_caught(tmp_path: Path) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS, members=2)
    made.members[1].weights[:] = made.members[0].weights  # no answer tells them apart
    made.replace_tables([table for _, table in made.labels.tables(0)], member=1)
    assert refusal(made).startswith(
        f"shard {made.shards(1)[0].name} holds answers of another teacher"
    )


def test_rows_that_were_captured_under_other_labels_are_caught(tmp_path: Path) -> None:
    # Of one draw, log p of another label is no more than another number.
    made = make(tmp_path, KINDS[4], CLASS_ROWS)
    rows = list(CLASS_ROWS.rows)
    known = next(n for n, row in enumerate(rows) if n > SHARD_ROWS and row.labels[0] >= 0)
    rows[known] = replace(rows[known], labels=(rows[known].labels + 1) % CLASSES)
    message = refusal(made, replace(CLASS_ROWS, rows=tuple(rows)))
    assert re.match(r"member 0, shard \w+\.parquet, row \d+: .* label", message)


def test_foreign_examples_are_named_with_both_ids(tmp_path: Path) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS)
    rows = list(CLASS_ROWS.rows)
    at = made.shards()[0].rows + 1
    rows[at] = replace(rows[at], example_id=b"\xee" * 16)
    message = refusal(made, replace(CLASS_ROWS, rows=tuple(rows)))
    assert message.startswith(f"member 0, shard {made.shards()[1].name}, row 1: ")
    assert "ee" * 16 in message
    assert CLASS_ROWS.rows[at].example_id.hex() in message


@pytest.mark.parametrize("change", [{"input_key": b"\xee" * 16}, {"view": 1}, {"draw": 1}])
def test_an_answer_to_another_input_view_or_draw_is_misaligned(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS)
    rows = list(CLASS_ROWS.rows)
    rows[3] = replace(rows[3], **change)
    message = refusal(made, replace(CLASS_ROWS, rows=tuple(rows)))
    assert message.startswith(f"member 0, shard {made.shards()[0].name}, row 3: ")
    assert "misaligned" in message


def test_a_missing_row_is_counted_and_a_surplus_one_is_named(tmp_path: Path) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS.take(range(39)))
    assert "there are 40 questions and 39 soft labels" in refusal(made, CLASS_ROWS)
    last = made.shards()[-1]
    message = refusal(made, CLASS_ROWS.take(range(38)))
    assert message.startswith(f"member 0, shard {last.name}, row {last.rows - 1}: there are no")


def test_a_row_that_is_missing_in_the_middle_is_named_where_it_should_be(tmp_path: Path) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS)
    without = CLASS_ROWS.take([n for n in range(40) if n != 2])
    assert f"shard {made.shards()[0].name}, row 2: " in refusal(made, without)


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_an_id_out_of_range_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    made = make(tmp_path, kind, CLASS_ROWS)
    where = made.change_shard(1, with_cell(2, ids=lambda ids: [*ids[:-1], CLASSES]))
    assert refusal(made).startswith(f"{where}, row 2: id {CLASSES} is not below {CLASSES}")


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_a_class_that_stands_twice_in_one_position_is_refused(
    tmp_path: Path, kind: Sparsifier
) -> None:
    made = make(tmp_path, kind, CLASS_ROWS)
    held = made.labels.shard_table(0, made.shards()[0])["ids"].to_pylist()
    row = next(row for row, ids in enumerate(held) if len(ids) > 1)
    where = made.change_shard(0, with_cell(row, ids=lambda ids: [ids[0], *ids[:-1]]))
    assert refusal(made).startswith(f"{where}, row {row}: a class stands there twice")


def test_one_class_at_two_positions_of_a_row_is_not_twice(tmp_path: Path) -> None:
    made = make(tmp_path, TOP, LONG_ROWS)
    ids = made.labels.shard_table(0, made.shards()[0])["ids"].to_pylist()
    assert any(len(set(row)) < len(row) for row in ids)
    made.verify()


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (TOP, {"logits": lambda logits: [logit + 1 for logit in logits]}),
        (KINDS[3], {"p": lambda p: [0.6] * len(p)}),
        (KINDS[4], {"times": lambda times: [times[0] + 1, *times[1:]]}),
    ],
    ids=["topk", "threshold_fixed", "sample"],
)
def test_a_mass_above_one_is_refused(
    tmp_path: Path, kind: Sparsifier, cells: dict[str, Any]
) -> None:
    made = make(tmp_path, kind, CLASS_ROWS)
    where = made.change_shard(1, with_cell(4, **cells))
    assert re.match(rf"{re.escape(where)}, row 4: the mass is [1-9]", refusal(made))


@pytest.mark.parametrize("kind", [TOP, KINDS[3]], ids=["topk", "threshold_fixed"])
def test_a_mass_that_is_no_number_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    made = make(tmp_path, kind, CLASS_ROWS)
    value = made.labels.layout(0).value
    cell = {value: lambda values: [float("nan"), *values[1:]]}
    where = made.change_shard(1, with_cell(4, **cell))
    assert refusal(made).startswith(f"{where}, row 4: the mass is nan")


def test_a_sample_of_fewer_draws_than_its_capture_says_is_refused(tmp_path: Path) -> None:
    made = make(tmp_path, KINDS[4], CLASS_ROWS)
    fewer = with_cell(4, times=lambda times: [*times[:-1], 0])
    where = made.change_shard(1, fewer)
    assert refusal(made).startswith(f"{where}, row 4: the mass is 0.")


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_a_position_of_which_nothing_was_kept_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    made = make(tmp_path, kind, CLASS_ROWS)
    empty = {name: [] for name in ("ids", "positions", made.labels.layout(0).value)}
    where = made.change_shard(0, with_cell(3, **empty))
    assert refusal(made).startswith(f"{where}, row 3: the mass is 0")


@BY_KIND
def test_a_wrong_number_of_positions_is_refused_with_both_numbers(
    tmp_path: Path, kind: Sparsifier
) -> None:
    made = make(tmp_path, kind, TOKEN_ROWS)
    rows = list(TOKEN_ROWS.rows)
    assert len(rows[2].labels) == 3
    rows[2] = replace(rows[2], labels=rows[2].labels[:2])
    message = refusal(made, replace(TOKEN_ROWS, rows=tuple(rows)))
    assert message.startswith(
        f"member 0, shard {made.shards()[0].name}, row 2: holds 3 positions, and the example "
        "declares 2"
    )


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (Full(), {"logits": lambda logits: logits[:-1]}),
        (TOP, {"log_z": lambda log_z: log_z[:-1]}),
        (TOP, {"log_p_label": lambda log_p: [*log_p, 0.0]}),
        (KINDS[4], {"times": lambda times: times[:-1]}),
        (KINDS[2], {"positions": lambda places: [*places[:-1], 7]}),
    ],
    ids=["logits", "log_z", "log_p_label", "times", "positions"],
)
def test_columns_that_do_not_fit_each_other_name_shard_and_row(
    tmp_path: Path, kind: Sparsifier, cells: dict[str, Any]
) -> None:
    made = make(tmp_path, kind, TOKEN_ROWS)
    where = made.change_shard(1, with_cell(1, **cells))
    assert refusal(made).startswith(f"{where}, ")


def test_a_log_p_that_does_not_fit_the_head_is_refused(tmp_path: Path) -> None:
    made = make(tmp_path, TOP, CLASS_ROWS)
    row = next(n for n in range(2, 8) if CLASS_ROWS.rows[n].labels[0] >= 0)
    where = made.change_shard(0, with_cell(row, log_p_label=lambda log_p: [log_p[0] - 0.01]))
    assert refusal(made).startswith(f"{where}, row {row}: the head gives the hard label another")


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
@pytest.mark.parametrize(("row", "log_p"), [(1, float("nan")), (0, -0.5)])
def test_a_log_p_without_a_label_or_a_label_without_one_is_refused(
    tmp_path: Path, kind: Sparsifier, row: int, log_p: float
) -> None:
    made = make(tmp_path, kind, CLASS_ROWS)
    assert (CLASS_ROWS.rows[row].labels[0] >= 0) == isnan(log_p)
    where = made.change_shard(0, with_cell(row, log_p_label=[log_p]))
    assert refusal(made).startswith(f"{where}, row {row}: log p of a hard label is missing")


def test_a_damaged_shard_is_named_before_anything_in_it_is_believed(tmp_path: Path) -> None:
    made = make(tmp_path, Full(), CLASS_ROWS)
    shard = made.shards()[2]
    path = made.labels.folder / SHARDS / shard.name
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    assert refusal(made).startswith(f"shard {shard.name} is damaged")
