"""Sources: what a fit sees, in memory or in blocks of files, joined by key either way."""

import gc
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from small_project import (
    OBJECTIVE,
    SIDE,
    Small,
    a_fit,
    frame,
    small,
    soft_labels,
    untrained_teachers,
)

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.errors import DataError, SoftLabelError
from stillroom.io.tables import TableFile, write_table
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.training.data.batch_loader import Batch, Loader
from stillroom.training.data.dataset_factory import PER_FEATURE, Source, entries_of
from stillroom.training.data.memory_dataset import Rows, read_split
from stillroom.training.data.sampler import Parts, Sharing
from stillroom.training.data.streaming_dataset import Blocks

MOVED = Views(count=2, shift=1, seed=0)
FILES = (0, 25, 40, 41, 90, 110)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Examples in five files; one has no training row."""
    folder = tmp_path_factory.mktemp("sources")
    whole = small(folder, unlabelled=20)
    table = frame(unlabelled=20)
    order = np.argsort(np.random.default_rng(3).permutation(60))
    mixed = pl.concat([table[:60][order.tolist()], table[60:]])
    for number, (start, end) in enumerate(pairwise(FILES), start=1):
        write_table(mixed[start:end], folder / "parts" / f"{number:05d}-of-00005.parquet")
    return Small(TableFile(folder / "parts"), whole.encoder)


@pytest.fixture(scope="module")
def labels(made: Small, tmp_path_factory: pytest.TempPathFactory) -> SoftLabelSet:
    """Soft labels of two teachers, whose targets differ in length from row to row."""
    folder = tmp_path_factory.mktemp("labels")
    teachers = untrained_teachers(made, folder / "t", 2)
    kind = Threshold(entries=1.5, tau=0.4, temperature=4.0)
    return soft_labels(made, teachers, folder / "s", kind, views=MOVED)


def source(made: Small, labels: SoftLabelSet | None, memory: float = 1e9) -> Source:
    return Source(made.examples, read_encoder(made.encoder), labels, memory)


def in_blocks(made: Small, labels: SoftLabelSet | None, files: float = 2.0) -> Source:
    """Return a source whose memory holds so many files at once."""
    needed = source(made, labels).needed
    return source(made, labels, memory=2.01 * files * needed / 5)


def train(made: Small) -> Rows:
    return read_split(made.examples, read_encoder(made.encoder), "train")


def contents(batch: Batch) -> list[tuple[bytes, int, tuple[float, ...]]]:
    """Return inputs, label and dense target of each row."""
    rows = len(batch.labels)
    dense = torch.zeros(rows, 3)
    if batch.target is not None:
        dense = dense.scatter(1, batch.target.ids, batch.target.at(4.0).exp())
    triples = zip(batch.inputs, batch.labels, dense, strict=True)
    return [(x.numpy().tobytes(), int(label), tuple(p.tolist())) for x, label, p in triples]


def epoch_of(rows: Rows | Blocks, epoch: int, sharing: Sharing | None = None) -> list[Batch]:
    table, order = rows.shuffled(seed=7)
    parts = Parts(order, 8, sharing or Sharing())
    parts.go_to(epoch, 0)
    return list(Loader(table, parts, workers=0))


def test_what_fits_is_in_memory_and_what_does_not_is_in_blocks_and_which_is_said(
    made: Small, labels: SoftLabelSet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert isinstance(source(made, labels).rows_of(a_fit()), Rows)
    assert isinstance(in_blocks(made, labels).rows_of(a_fit()), Blocks)
    said = [record.message for record in caplog.records]
    assert said[0].startswith("60 rows of about 0.00 GB, trainer.memory_gb allows 1: ")
    assert said[0].endswith("shuffling globally")
    assert said[1].endswith("shuffling in groups of 2 of 5 files")


@pytest.mark.parametrize("rows", ["all", "labelled"])
@pytest.mark.parametrize("files", [1.0, 2.0])
def test_blocks_show_each_row_once_an_epoch_with_its_own_view_and_target(
    made: Small, labels: SoftLabelSet, rows: str, files: float
) -> None:
    objective = OBJECTIVE if rows == "all" else None
    fit = a_fit(objective=objective, rows=rows, share=0.8)
    whole = source(made, labels).rows_of(fit)
    blocks = in_blocks(made, labels, files).rows_of(fit)
    assert isinstance(blocks, Blocks)
    assert len(blocks) == len(whole)
    assert 0.6 < len(whole) / (60 if rows == "all" else 40) < 1
    orders = []
    for epoch in range(3):
        expected = [row for batch in epoch_of(whole, epoch) for row in contents(batch)]
        batches = epoch_of(blocks, epoch)
        found = [row for batch in batches for row in contents(batch)]
        assert Counter(found) == Counter(expected)
        assert [len(batch.labels) for batch in batches] == [
            len(batch.labels) for batch in epoch_of(whole, epoch)
        ]
        assert found != expected
        orders.append([label for _, label, _ in found])
        for batch in batches:
            known = int((batch.labels >= 0).sum())
            assert (batch.counts.rows, batch.counts.labelled) == (len(batch.labels), known)
    assert orders[0] != orders[2]  # of the same view


def test_the_parts_of_two_processes_are_the_batches_of_one_in_blocks_too(
    made: Small, labels: SoftLabelSet
) -> None:
    blocks = in_blocks(made, labels).rows_of(a_fit(objective=OBJECTIVE))
    whole = epoch_of(blocks, 1)
    halves = [epoch_of(blocks, 1, Sharing(rank, 2)) for rank in (0, 1)]
    for batch, first, second in zip(whole, *halves, strict=True):
        together = sorted(contents(first) + contents(second))
        assert together == sorted(contents(batch))
        assert contents(first) == contents(batch)[::2]
        assert first.counts == second.counts == batch.counts


def test_a_group_is_read_once_an_epoch_and_two_are_held_at_most(
    made: Small, labels: SoftLabelSet
) -> None:
    blocks = in_blocks(made, labels, files=1.0).rows_of(a_fit(objective=OBJECTIVE))
    assert isinstance(blocks, Blocks)
    read: list[tuple[int, ...]] = []

    def reading(which: object) -> Rows:
        read.append(tuple(which))  # type: ignore[arg-type]
        return blocks.see(which)  # type: ignore[arg-type]

    table, order = replace(blocks, see=reading).shuffled(seed=1)
    for epoch in range(2):
        parts = Parts(order, 8)
        parts.go_to(epoch, 0)
        for part in parts:
            table[part]
            assert len(table._held) <= 2
    assert len(read) <= 2 * len(blocks.sizes)
    assert set(read) == {(block,) for block in range(len(blocks.sizes))}


@pytest.mark.parametrize("workers", [2, 4])
def test_blocks_are_read_alike_by_any_number_of_processes(
    made: Small, labels: SoftLabelSet, workers: int
) -> None:
    blocks = in_blocks(made, labels).rows_of(a_fit(objective=OBJECTIVE))
    blocks.some_targets()  # the threads of polars run in this process now
    table, order = blocks.shuffled(seed=7)
    loader = Loader(table, Parts(order, 8), workers)
    found = [contents(batch) for batch in loader]
    assert found == [contents(batch) for batch in Loader(table, Parts(order, 8), 0)]
    assert len(found) == 8


def test_rows_in_memory_are_read_again_by_processes_that_load(
    made: Small, labels: SoftLabelSet
) -> None:
    rows = source(made, labels).rows_of(a_fit(objective=OBJECTIVE, share=0.8))
    table, order = rows.shuffled(seed=7)
    found = [contents(batch) for batch in Loader(table, Parts(order, 8), 1)]
    assert found == [contents(batch) for batch in Loader(table, Parts(order, 8), 0)]
    again, nothing = table.__reduce__()  # no tensor travels
    assert nothing == ()
    assert (again.fit.share, again.labels) == (0.8, labels.folder)  # type: ignore[attr-defined]


def test_what_was_read_of_a_group_is_let_go_with_it(made: Small, labels: SoftLabelSet) -> None:
    table, order = in_blocks(made, labels, 1.0).rows_of(a_fit(objective=OBJECTIVE)).shuffled(seed=7)
    alive = []
    for epoch in range(3):
        parts = Parts(order, 8)
        parts.go_to(epoch, 0)
        for part in parts:
            table[part]
        alive.append(sum(type(one).__name__ == "_Member" for one in gc.get_objects()))
    assert alive[2] <= alive[0]


@pytest.mark.parametrize("memory", [1e9, 1.0], ids=["memory", "blocks"])
def test_a_missing_and_a_foreign_key_are_errors(
    made: Small, labels: SoftLabelSet, tmp_path: Path, memory: float
) -> None:
    table = made.examples.read()
    foreign = b"an example more!"
    for name, changed, words in [
        ("fewer", table[1:], rf"1 examples with soft labels .* {table['example_id'][0].hex()}"),
        (
            "more",
            pl.concat([table, table[:1].with_columns(example_id=pl.lit(foreign))]),
            rf"have no soft label.*, the first is (example )?{foreign.hex()}",
        ),
    ]:
        write_table(changed, tmp_path / name / "00001-of-00001.parquet")
        other = Small(TableFile(tmp_path / name), made.encoder)
        with pytest.raises(SoftLabelError, match=words):
            epoch_of(source(other, labels, memory).rows_of(a_fit(objective=OBJECTIVE)), 0)


def test_a_row_without_a_soft_label_is_found_before_training_in_blocks_too(
    made: Small, labels: SoftLabelSet, tmp_path: Path
) -> None:
    known = made.examples.read()
    more = known[:2].with_columns(example_id=pl.Series([b"a new example 01", b"a new example 02"]))
    write_table(pl.concat([known, more]), tmp_path / "00001-of-00001.parquet")
    with pytest.raises(SoftLabelError, match=r"2 of 62 training .* first is 61206e65772.* 0 of 2"):
        source(Small(TableFile(tmp_path), made.encoder), labels, 1.0).rows_of(
            a_fit(objective=OBJECTIVE)
        )


def test_pooled_features_count(made: Small, tmp_path: Path) -> None:
    teachers = untrained_teachers(made, tmp_path / "t")  # two, of 32 each
    bare = soft_labels(made, teachers, tmp_path / "bare")
    kept = soft_labels(made, teachers, tmp_path / "kept", features="pooled")
    more = source(made, kept).needed - source(made, bare).needed
    assert more == 64 * PER_FEATURE * kept.manifest.members[0].rows


def test_rows_are_counted_before_they_are_read(made: Small) -> None:
    for fit in (a_fit(), a_fit(rows="labelled"), a_fit(share=0.5, seed=3)):
        assert source(made, None).count(fit) == len(source(made, None).rows_of(fit))


def test_a_control_without_a_single_label_is_refused(made: Small, tmp_path: Path) -> None:
    bare = made.examples.read().with_columns(
        label=pl.when(pl.col("split") == "train").then(None).otherwise("label").cast(pl.Int32)
    )
    write_table(bare, tmp_path / "00001-of-00001.parquet")
    unlabelled = source(Small(TableFile(tmp_path), made.encoder), None)
    with pytest.raises(DataError, match="student learns from hard labels, and none of its 60"):
        unlabelled.count(a_fit("student"))
    assert unlabelled.count(a_fit("student", objective=OBJECTIVE)) == 60


def test_a_fit_that_takes_every_row_copies_none(made: Small) -> None:
    both = source(made, None)
    first, second = (both.rows_of(a_fit(name)) for name in ("first", "second"))
    assert isinstance(first, Rows)
    assert isinstance(second, Rows)
    assert first.inputs.data_ptr() == second.inputs.data_ptr()


@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        (Full(), 10),
        (TopK(k=4, temperatures=(1.0,)), 4),
        (TopK(k=40, temperatures=(1.0,)), 10),
        (FixedThreshold(k=3, temperature=1.0), 3),
        (Sample(draws=7, temperature=1.0), 7),
        (Threshold(entries=2.5, tau=0.1, temperature=1.0), 2.5),
        (Threshold(entries=None, tau=0.25, temperature=1.0), 4),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_entries_by_kind(kind: Sparsifier, entries: float) -> None:
    assert entries_of(kind, classes=10) == entries


def test_what_rows_take_is_estimated_from_above_and_not_by_far(
    made: Small, labels: SoftLabelSet
) -> None:
    rows = source(made, labels).rows_of(a_fit(objective=OBJECTIVE))
    assert isinstance(rows, Rows)
    tensors = rows.inputs.nbytes + sum(
        target.ids.nbytes + sum(p.nbytes for p in target.log_p.values()) for target in rows.targets
    )
    needed = source(made, labels).needed
    assert rows.inputs.nbytes == 60 * SIDE * SIDE * 4
    assert tensors < needed < 12 * tensors  # keys and indices weigh much beside small inputs
