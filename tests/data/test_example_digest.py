"""Digest of examples: what it covers, what it does not, and content that is not its id's."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.examples.corpus_examples import masked_corpus, small_corpus
from support.examples.data_config import a_data
from support.examples.image_examples import CLASSES, SIDE, ImageExamples, image_examples
from support.examples.text_examples import text_data, text_table

from stillroom.data.encoders import read_encoder
from stillroom.data.example_digest import content_ids, examples_digest
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.errors import DataError
from stillroom.io.tables import TableFile, write_parts, write_table


def digest(frame: pl.DataFrame, made: ImageExamples, folder: Path, **encoder: Any) -> str:
    path = folder / "changed.parquet"
    write_table(frame, path)
    return examples_digest(TableFile(path), replace(read_encoder(made.encoder), **encoder))


def test_the_digest_is_the_hash_that_the_specification_describes(tmp_path: Path) -> None:
    made = image_examples(tmp_path, unlabelled=5)
    rows = made.examples.read().to_dicts()
    hashed = hashlib.sha256(json.dumps(list(CLASSES)).replace(", ", ",").encode())
    lines = []
    for row in rows:
        label = -1 if row["label"] is None else row["label"]
        lines.append(row["example_id"] + label.to_bytes(4, "little", signed=True))
        lines[-1] += row["split"].encode() + bytes(1)
    for line in sorted(lines):
        hashed.update(line)
    encoder = read_encoder(made.encoder)
    assert examples_digest(made.examples, encoder) == hashed.hexdigest()


def test_the_order_of_rows_and_the_files_do_not_count(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    frame, encoder = made.examples.read(), read_encoder(made.encoder)
    first = examples_digest(made.examples, encoder)
    assert digest(frame.reverse(), made, tmp_path) == first
    assert digest(frame.with_columns(row=pl.col("row") + 1), made, tmp_path) == first
    (tmp_path / "parts").mkdir()
    write_parts([frame[:50], frame[50:]], tmp_path / "parts")
    assert examples_digest(TableFile(tmp_path / "parts"), encoder) == first


def other_label(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(label=pl.when(pl.col("row") == 7).then(1 - pl.col("label") // 2))


def no_label(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        label=pl.when((pl.col("row") > 0) | (pl.col("split") != "test")).then(pl.col("label"))
    )


def other_split(frame: pl.DataFrame) -> pl.DataFrame:
    is_first = pl.int_range(pl.len()) == 0
    return frame.with_columns(split=pl.when(is_first).then(pl.lit("test")).otherwise("split"))


def swapped_labels(frame: pl.DataFrame) -> pl.DataFrame:
    labels = frame["label"].to_list()
    labels[0], labels[1] = labels[1], labels[0]
    return frame.with_columns(label=pl.Series(labels, dtype=pl.Int32))


@pytest.mark.parametrize(
    "change",
    [
        other_label,
        no_label,
        other_split,
        swapped_labels,
        lambda frame: frame[1:],
        lambda frame: pl.concat([frame, frame[:1]]),
    ],
)
def test_a_label_a_split_a_row_more_or_less_changes_the_digest(tmp_path: Path, change: Any) -> None:
    made = image_examples(tmp_path)
    frame = made.examples.read()
    assert digest(change(frame), made, tmp_path) != digest(frame, made, tmp_path)


def test_other_names_of_the_classes_change_the_digest(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    frame = made.examples.read()
    names = tuple(reversed(CLASSES))
    assert digest(frame, made, tmp_path, classes=names) != digest(frame, made, tmp_path)


def test_one_changed_pixel_is_named_with_its_row(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    frame = made.examples.read()
    images = frame["image"].to_list()
    images[9] = images[9][:-1] + bytes([images[9][-1] ^ 1])
    changed = frame.with_columns(image=pl.Series(images, dtype=pl.Binary))
    with pytest.raises(DataError, match=f"row 9: the content .* {frame['example_id'][9].hex()}"):
        digest(changed, made, tmp_path)


def test_images_of_another_shape_have_other_ids(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    with pytest.raises(DataError, match="row 0: the content"):
        digest(made.examples.read(), made, tmp_path, raw_shape=(SIDE * SIDE, 1, 1))


@pytest.mark.parametrize("encoding", ["hashed", "tokens"])
def test_texts_have_the_ids_that_ingest_gave_them(tmp_path: Path, encoding: str) -> None:
    text_table(tmp_path / "t.csv")
    made = ingest(text_data(text={"encoding": encoding}), tmp_path)
    ids = content_ids(made.examples, made.encoder)
    assert ids == made.examples["example_id"].to_list()
    changed = made.examples.with_columns(text=pl.col("text") + " ")
    assert not set(content_ids(changed, made.encoder)) & set(ids)


def test_features_have_the_ids_that_ingest_gave_them(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3)).round(3).tolist()
    lines = [f"{a},{b},{c},{'xy'[at % 2]}" for at, (a, b, c) in enumerate(rows)]
    (tmp_path / "t.csv").write_text("a,b,c,label\n" + "\n".join(lines) + "\n")
    made = ingest(a_data(columns={"features": ["a", "b", "c"]}), tmp_path)
    assert made.encoder.kind == "features"
    assert content_ids(made.examples, made.encoder) == made.examples["example_id"].to_list()


@pytest.mark.parametrize("corpus_of", [small_corpus, masked_corpus])
def test_packs_have_the_ids_that_ingest_gave_them(tmp_path: Path, corpus_of: Any) -> None:
    corpus = corpus_of(tmp_path)
    frame, encoder = corpus.examples.read(), corpus.fitted
    assert content_ids(frame, encoder) == frame["example_id"].to_list()
    assert len(examples_digest(corpus.examples, encoder)) == 64


@pytest.mark.parametrize("column", ["example_id", "split", "label"])
def test_a_table_that_lacks_a_column_is_one_line(column: str, tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    with pytest.raises(DataError, match=f"has no column {column}, so the examples were changed"):
        digest(made.examples.read().drop(column), made, tmp_path)
