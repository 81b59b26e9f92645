"""Shard checks: each shard is parsed once and decoded once, regardless of how much is checked."""

import re
from collections import Counter
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import pytest
from support.softlabels.changed_sets import (
    CLASS_ROWS,
    CLASSES,
    KINDS,
    LONG_ROWS,
    TOKEN_ROWS,
    TOP,
    refusal,
    set_under_test,
    with_cell,
)

from stillroom.softlabels.columns import logit_rows
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.reading import shard_files
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_verify_parses_and_decodes_every_shard_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Sparsifier
) -> None:
    subject = set_under_test(tmp_path, kind, TOKEN_ROWS, members=1 if kind == TOP else 2)
    parsed, decoded = Counter[str](), Counter[int]()
    from_bytes, distributions = shard_files.from_bytes, Decoded.distributions

    def counted_parse(content: bytes, shard: Any, *rest: Any) -> Any:
        parsed[shard.name] += 1
        return from_bytes(content, shard, *rest)

    def counted_decode(self: Decoded, temperature: float) -> Any:
        if self.table.num_rows > 1:  # rows that are captured a second time are decoded one by one
            decoded[self.table.num_rows] += 1
        return distributions(self, temperature)

    monkeypatch.setattr(shard_files, "from_bytes", counted_parse)
    monkeypatch.setattr(Decoded, "distributions", counted_decode)
    subject.verify()
    shards = [shard for member in subject.labels.members for shard in subject.shards(member)]
    assert parsed == Counter(shard.name for shard in shards)
    assert decoded == Counter(shard.rows for shard in shards if shard.rows > 1)


def test_the_softmax_of_every_logit_of_a_shard_is_computed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = set_under_test(tmp_path, Full(), TOKEN_ROWS)
    passes = Counter[int]()
    log_softmax = logit_rows.log_softmax

    def counted(logits: Any, temperature: float) -> Any:
        passes[len(logits)] += 1
        return log_softmax(logits, temperature)

    monkeypatch.setattr(logit_rows, "log_softmax", counted)
    subject.verify()
    shards = [shard for member in subject.labels.members for shard in subject.shards(member)]
    # Other passes are those of single rows, which are captured a second time.
    assert sum(count for size, count in passes.items() if size > 3) == sum(
        shard.rows > 1 for shard in shards
    )


BY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def test_foreign_examples_are_named_with_both_ids(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    rows = list(CLASS_ROWS.rows)
    at = subject.shards()[0].rows + 1
    rows[at] = replace(rows[at], example_id=b"\xee" * 16)
    message = refusal(subject, replace(CLASS_ROWS, rows=tuple(rows)))
    assert message.startswith(f"member 0, shard {subject.shards()[1].name}, row 1: ")
    assert "ee" * 16 in message
    assert CLASS_ROWS.rows[at].example_id.hex() in message


@pytest.mark.parametrize("change", [{"input_key": b"\xee" * 16}, {"view": 1}, {"draw": 1}])
def test_a_row_of_another_input_view_or_draw_is_misaligned(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    rows = list(CLASS_ROWS.rows)
    rows[3] = replace(rows[3], **change)
    message = refusal(subject, replace(CLASS_ROWS, rows=tuple(rows)))
    assert message.startswith(f"member 0, shard {subject.shards()[0].name}, row 3: ")
    assert "misaligned" in message


def test_a_missing_row_is_counted_and_a_surplus_one_is_named(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS.take(range(39)))
    assert "there are 40 inputs and 39 soft labels" in refusal(subject, CLASS_ROWS)
    last = subject.shards()[-1]
    message = refusal(subject, CLASS_ROWS.take(range(38)))
    assert message.startswith(f"member 0, shard {last.name}, row {last.rows - 1}: there are no")


def test_a_row_that_is_missing_in_the_middle_is_named_where_it_should_be(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, Full(), CLASS_ROWS)
    without = CLASS_ROWS.take([n for n in range(40) if n != 2])
    assert f"shard {subject.shards()[0].name}, row 2: " in refusal(subject, without)


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_an_id_out_of_range_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    subject = set_under_test(tmp_path, kind, CLASS_ROWS)
    where = subject.change_shard(1, with_cell(2, ids=lambda ids: [*ids[:-1], CLASSES]))
    assert refusal(subject).startswith(f"{where}, row 2: id {CLASSES} is not below {CLASSES}")


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_a_class_that_occurs_twice_in_one_position_is_refused(
    tmp_path: Path, kind: Sparsifier
) -> None:
    subject = set_under_test(tmp_path, kind, CLASS_ROWS)
    held = subject.labels.shard_table(0, subject.shards()[0])["ids"].to_pylist()
    row = next(row for row, ids in enumerate(held) if len(ids) > 1)
    where = subject.change_shard(0, with_cell(row, ids=lambda ids: [ids[0], *ids[:-1]]))
    assert refusal(subject).startswith(f"{where}, row {row}: a position holds a class twice")


def test_one_class_at_two_positions_of_a_row_is_not_twice(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, TOP, LONG_ROWS)
    ids = subject.labels.shard_table(0, subject.shards()[0])["ids"].to_pylist()
    assert any(len(set(row)) < len(row) for row in ids)
    subject.verify()


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
    subject = set_under_test(tmp_path, kind, CLASS_ROWS)
    where = subject.change_shard(1, with_cell(4, **cells))
    assert re.match(rf"{re.escape(where)}, row 4: the mass is [1-9]", refusal(subject))


@pytest.mark.parametrize("kind", [TOP, KINDS[3]], ids=["topk", "threshold_fixed"])
def test_a_mass_that_is_nan_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    subject = set_under_test(tmp_path, kind, CLASS_ROWS)
    value = subject.labels.layout(0).value
    cell = {value: lambda values: [float("nan"), *values[1:]]}
    where = subject.change_shard(1, with_cell(4, **cell))
    assert refusal(subject).startswith(f"{where}, row 4: the mass is nan")


def test_a_sample_of_fewer_draws_than_its_capture_says_is_refused(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, KINDS[4], CLASS_ROWS)
    fewer = with_cell(4, times=lambda times: [*times[:-1], 0])
    where = subject.change_shard(1, fewer)
    assert refusal(subject).startswith(f"{where}, row 4: the mass is 0.")


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_a_position_without_entries_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    subject = set_under_test(tmp_path, kind, CLASS_ROWS)
    empty = {name: [] for name in ("ids", "positions", subject.labels.layout(0).value)}
    where = subject.change_shard(0, with_cell(3, **empty))
    assert refusal(subject).startswith(f"{where}, row 3: the mass is 0")


@BY_KIND
def test_a_wrong_number_of_positions_is_refused_with_both_numbers(
    tmp_path: Path, kind: Sparsifier
) -> None:
    subject = set_under_test(tmp_path, kind, TOKEN_ROWS)
    rows = list(TOKEN_ROWS.rows)
    assert len(rows[2].labels) == 3
    rows[2] = replace(rows[2], labels=rows[2].labels[:2])
    message = refusal(subject, replace(TOKEN_ROWS, rows=tuple(rows)))
    assert message.startswith(
        f"member 0, shard {subject.shards()[0].name}, row 2: the row holds 3 positions, but the "
        "example declares 2"
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
    subject = set_under_test(tmp_path, kind, TOKEN_ROWS)
    where = subject.change_shard(1, with_cell(1, **cells))
    assert refusal(subject).startswith(f"{where}, ")


def test_a_log_p_that_does_not_fit_the_head_is_refused(tmp_path: Path) -> None:
    subject = set_under_test(tmp_path, TOP, CLASS_ROWS)
    row = next(n for n in range(2, 8) if CLASS_ROWS.rows[n].labels[0] >= 0)
    where = subject.change_shard(0, with_cell(row, log_p_label=lambda log_p: [log_p[0] - 0.01]))
    assert refusal(subject).startswith(f"{where}, row {row}: the head and the log p beside it give")


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
@pytest.mark.parametrize(("row", "log_p"), [(1, float("nan")), (0, -0.5)])
def test_a_log_p_without_a_label_or_a_label_without_one_is_refused(
    tmp_path: Path, kind: Sparsifier, row: int, log_p: float
) -> None:
    subject = set_under_test(tmp_path, kind, CLASS_ROWS)
    assert (CLASS_ROWS.rows[row].labels[0] >= 0) == isnan(log_p)
    where = subject.change_shard(0, with_cell(row, log_p_label=[log_p]))
    assert refusal(subject).startswith(f"{where}, row {row}: log p of a hard label is missing")
