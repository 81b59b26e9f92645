"""The dataset factory: the rows of each fit, in memory or in blocks, joined by key."""

from pathlib import Path

import polars as pl
import pytest
from support.examples.image_examples import (
    SIDE,
    ImageExamples,
    soft_labels,
    untrained_teachers,
)
from support.training.dataset_factories import contents, epoch_of, in_blocks, source
from support.training.jobs import OBJECTIVE, a_fit

from stillroom.errors import DataError, SoftLabelError
from stillroom.io.tables import TableFile, write_table
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.data.batch_loader import BatchLoader
from stillroom.training.data.batches import RowBatches
from stillroom.training.data.dataset_factory import PER_FEATURE
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import MicroBatchSampler
from stillroom.training.data.streaming_dataset import StreamingDataset


def test_rows_that_fit_are_in_memory_others_in_blocks_and_the_log_says_which(
    made: ImageExamples, labels: SoftLabelSet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert isinstance(source(made, labels).dataset_of(a_fit()), MemoryDataset)
    assert isinstance(in_blocks(made, labels).dataset_of(a_fit()), StreamingDataset)
    messages = [record.message for record in caplog.records]
    assert messages[0].startswith("60 rows need about 0.00 GB; trainer.memory_gb allows 1 GB: ")
    assert messages[0].endswith("shuffling globally")
    assert messages[1].endswith("shuffling in groups of 2 of 5 files")


def test_rows_in_memory_are_read_again_by_processes_that_load(
    made: ImageExamples, labels: SoftLabelSet
) -> None:
    rows = source(made, labels).dataset_of(a_fit(objective=OBJECTIVE, share=0.8))
    table, order = rows.shuffled(seed=7)
    cut = RowBatches(order, 8)
    batches = [contents(batch) for batch in BatchLoader(table, MicroBatchSampler(cut), 1)]
    assert batches == [contents(batch) for batch in BatchLoader(table, MicroBatchSampler(cut), 0)]
    reread, nothing = table.__reduce__()  # no tensor goes between processes
    assert nothing == ()
    assert (reread.fit.share, reread.labels) == (0.8, labels.folder)  # type: ignore[attr-defined]


@pytest.mark.parametrize("memory", [1e9, 1.0], ids=["memory", "blocks"])
def test_a_missing_and_a_foreign_key_are_errors(
    made: ImageExamples, labels: SoftLabelSet, tmp_path: Path, memory: float
) -> None:
    table = made.examples.read()
    foreign = b"an example more!"
    for name, changed, words in [
        ("fewer", table[1:], rf"1 examples with soft labels .* {table['example_id'][0].hex()}"),
        (
            "more",
            pl.concat([table, table[:1].with_columns(example_id=pl.lit(foreign))]),
            rf"have no soft label.*[Tt]he first is (example )?{foreign.hex()}",
        ),
    ]:
        write_table(changed, tmp_path / name / "00001-of-00001.parquet")
        other = ImageExamples(TableFile(tmp_path / name), made.encoder)
        with pytest.raises(SoftLabelError, match=words):
            epoch_of(source(other, labels, memory).dataset_of(a_fit(objective=OBJECTIVE)), 0)


def test_pooled_features_count(made: ImageExamples, tmp_path: Path) -> None:
    teachers = untrained_teachers(made, tmp_path / "t")  # two files of 32 rows each
    bare = soft_labels(made, teachers, tmp_path / "bare")
    kept = soft_labels(made, teachers, tmp_path / "kept", features="pooled")
    more = source(made, kept).needed - source(made, bare).needed
    assert more == 64 * PER_FEATURE * kept.manifest.members[0].rows


def test_rows_are_counted_before_they_are_read(made: ImageExamples) -> None:
    for fit in (a_fit(), a_fit(rows="labelled"), a_fit(share=0.5, seed=3)):
        assert source(made, None).count(fit) == len(source(made, None).dataset_of(fit))


def test_a_control_without_a_single_label_is_refused(made: ImageExamples, tmp_path: Path) -> None:
    bare = made.examples.read().with_columns(
        label=pl.when(pl.col("split") == "train").then(None).otherwise("label").cast(pl.Int32)
    )
    write_table(bare, tmp_path / "00001-of-00001.parquet")
    unlabelled = source(ImageExamples(TableFile(tmp_path), made.encoder), None)
    with pytest.raises(DataError, match="student learns from hard labels, but none of its 60"):
        unlabelled.count(a_fit("student"))
    assert unlabelled.count(a_fit("student", objective=OBJECTIVE)) == 60


def test_a_fit_that_takes_every_row_copies_none(made: ImageExamples) -> None:
    both = source(made, None)
    first, second = (both.dataset_of(a_fit(name)) for name in ("first", "second"))
    assert isinstance(first, MemoryDataset)
    assert isinstance(second, MemoryDataset)
    assert first.inputs.data_ptr() == second.inputs.data_ptr()


def test_what_rows_take_is_estimated_from_above_and_not_by_far(
    made: ImageExamples, labels: SoftLabelSet
) -> None:
    rows = source(made, labels).dataset_of(a_fit(objective=OBJECTIVE))
    assert isinstance(rows, MemoryDataset)
    tensors = rows.inputs.nbytes + sum(
        target.ids.nbytes + sum(p.nbytes for p in target.log_p.values()) for target in rows.targets
    )
    needed = source(made, labels).needed
    assert rows.inputs.nbytes == 60 * SIDE * SIDE * 4
    assert tensors < needed < 12 * tensors  # beside small inputs, keys and indices take much memory
