"""Ingest of a corpus: the split of each document, what new documents leave unchanged, refusals."""

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.examples.corpus_examples import corpus_data, ingested, sentences, small_corpus

from stillroom.config.tokenizer_files import CONFIG, DEFINITION
from stillroom.data.example_ids import example_ids
from stillroom.data.ingest.ingest_corpus import CorpusIngest
from stillroom.data.ingest.splits import SPLITS, split_of
from stillroom.data.text.tokenizer import (
    SpecialTokens,
    Tokenizer,
    write_tokenizer,
)
from stillroom.errors import ConfigError, DataError
from stillroom.io.json.json_files import read_json, write_json


def texts_of(frame: pl.DataFrame, tokenizer: Tokenizer) -> dict[str, str]:
    """Return the whole text of each split's packs."""
    return {
        split: "".join(tokenizer.decode(row) for row in part["tokens"])
        for (split,), part in frame.group_by("split", maintain_order=True)
    }


def split_in(document: str) -> str:
    (key,) = example_ids("text", (), [document])
    return split_of(key, validation=0.1, test=0.2, seed=0)


def write(folder: Path, name: str, documents: list[str]) -> None:
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    (folder / "texts" / name).write_text("\n".join(documents))


def test_each_document_lands_in_the_split_of_its_own_text(tmp_path: Path) -> None:
    made = small_corpus(tmp_path)
    texts = texts_of(made.examples.read(), made.fitted.tokenizer)
    assert set(texts) == set(SPLITS)
    for document in sentences(120):
        split = split_in(document)
        whole = rf"(?<!\d){re.escape(document)}"  # number 1 must not match number 11
        assert [name for name in SPLITS if re.search(whole, texts[name])] == [split]


def test_another_tokenizer_moves_nothing_between_the_splits(tmp_path: Path) -> None:
    small = small_corpus(tmp_path / "small")
    large = small_corpus(tmp_path / "large", text={"vocabulary": 330, "length": 40})
    assert small.fitted.tokenizer != large.fitted.tokenizer
    counts = [
        CorpusIngest.of(corpus_data(text=text), tmp_path / name).counts.documents
        for name, text in (("small", {}), ("large", {"vocabulary": 330, "length": 40}))
    ]
    assert counts[0] == counts[1]


def test_the_tokenizer_is_trained_on_the_train_split_alone(tmp_path: Path) -> None:
    made = small_corpus(tmp_path)
    others = [text for text in sentences(60, seed=9) if split_in(text) != "train"]
    of_train = [text for text in sentences(120) if split_in(text) == "train"]
    assert len(others) > 10
    write(tmp_path, "a.txt", [*others, *of_train])
    assert CorpusIngest.of(corpus_data(), tmp_path).encoder.tokenizer == made.fitted.tokenizer
    write(tmp_path, "a.txt", of_train[20:])
    assert CorpusIngest.of(corpus_data(), tmp_path).encoder.tokenizer != made.fitted.tokenizer


def test_packs_stand_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    write(tmp_path, "b.txt", sentences(60))
    write(tmp_path, "a.txt", sentences(60, seed=1))
    frame = ingested(tmp_path, corpus_data()).examples.read()
    assert frame.equals(frame.sort("part", "row"))
    assert frame["part"].unique().sort().to_list() == ["a.txt", "b.txt"]
    for (_,), part in frame.group_by("part"):
        assert part["row"].to_list() == list(range(part.height))
    assert frame["example_id"].n_unique() == frame.height
    assert frame["tokens"].list.len().max() == 24


def test_new_documents_leave_the_packs_of_others_alone(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", sentences(60))
    write(tmp_path, "b.txt", sentences(60, seed=1))
    made = ingested(tmp_path, corpus_data())
    before = made.examples.read()
    for name in ("examples", "encoder"):
        (tmp_path / name).rename(tmp_path / f"old_{name}")
    write(tmp_path, "a.txt", [*sentences(60), *sentences(20, seed=2)])
    given = {"tokenizer": str(tmp_path / "old_encoder")}
    after = ingested(tmp_path, corpus_data(text=given)).examples.read()
    lost = before.join(after, on="example_id", how="anti")
    assert lost.height <= len(SPLITS)  # each split's last pack of the file
    assert set(lost["part"]) <= {"a.txt"}
    assert after.height > before.height


def test_a_document_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", sentences(60))
    write(tmp_path, "b.txt", sentences(60))
    made = CorpusIngest.of(corpus_data(), tmp_path)
    frames = list(made.frames())
    report = made.report()
    assert report["duplicate_documents"] == 60
    assert sum(report["documents"].values()) == 60
    assert pl.concat(frames)["part"].unique().to_list() == ["a.txt"]


def test_files_called_after_splits_are_these_splits_and_it_is_said(tmp_path: Path) -> None:
    texts = {"train": sentences(60), "valid": sentences(20, 1), "test": sentences(30, 2)}
    for name, documents in texts.items():
        write(tmp_path, f"wiki.{name}.txt", documents)
    made = CorpusIngest.of(corpus_data(), tmp_path)
    frame = pl.concat(list(made.frames()))
    report = made.report()
    assert report["documents"] == {"train": 60, "validation": 20, "test": 30}
    assert dict(frame.select("part", "split").unique().iter_rows()) == {
        "wiki.train.txt": "train",
        "wiki.valid.txt": "validation",
        "wiki.test.txt": "test",
    }
    assert set(report["splits_from"].values()) == {"file names"}


def test_a_missing_split_is_drawn_from_the_files_for_training(tmp_path: Path) -> None:
    write(tmp_path, "train.txt", sentences(200))
    write(tmp_path, "test.txt", sentences(30, 2))
    made = CorpusIngest.of(corpus_data(validation=0.1, test=0.2), tmp_path)
    documents = made.report()["documents"]
    assert documents["test"] == 30
    assert documents["train"] + documents["validation"] == 200
    assert 10 <= documents["validation"] <= 45  # 0.1 of the 0.8 that are left: 25 expected
    assert made.report()["splits_from"] == {
        "train": "file names",
        "validation": "drawn from the train rows by content (0.1)",
        "test": "file names",
    }


def test_the_report_adds_up_and_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", sentences(60))
    made = CorpusIngest.of(corpus_data(path=str(tmp_path / "texts")), tmp_path)
    frame, report = pl.concat(list(made.frames())), made.report()
    assert report["path"] == "texts"
    assert str(tmp_path) not in str(report)
    for split in SPLITS:
        part = frame.filter(pl.col("split") == split)
        assert report["sequences"][split] == part.height
        assert report["tokens"][split] == part["tokens"].list.len().sum()
        assert report["bytes"][split] == part["bytes"].sum()
    assert report["tokenizer"] == {
        "sha256": made.encoder.tokenizer.sha256,
        "vocabulary": 300,
        "from": "trained on the train split",
    }


def test_a_hidden_token_stands_between_what_the_tokenizer_puts_around_a_text(
    tmp_path: Path,
) -> None:
    made = small_corpus(tmp_path / "one")
    framed = framing(made.fitted.tokenizer, tmp_path / "framed")
    shutil.move(tmp_path / "one" / "texts", tmp_path / "texts")
    corpus = ingested(
        tmp_path, corpus_data(text={"tokenizer": str(framed)}, corpus={"task": "masked_token"})
    )
    end, mask = corpus.fitted.tokenizer.end, corpus.fitted.tokenizer.mask
    for tokens, starts in corpus.examples.read().select("tokens", "starts").iter_rows():
        bounds = [*starts, len(tokens)]
        for first, last in pairwise(bounds):
            assert (tokens[first], tokens[last - 1]) == (end, mask)


def framing(tokenizer: Tokenizer, folder: Path) -> Path:
    """Write a tokenizer that puts a token before and another after each text."""
    folder.mkdir()
    write_tokenizer(tokenizer, folder)
    definition = json.loads((folder / DEFINITION).read_text())
    first, last = tokenizer.special.end, tokenizer.special.mask
    definition["post_processor"] = {
        "type": "BertProcessing",
        "cls": [first, tokenizer.end],
        "sep": [last, tokenizer.mask],
    }
    (folder / DEFINITION).write_text(json.dumps(definition))
    return folder


@pytest.mark.parametrize(
    ("task", "name", "words"),
    [
        ("next_token", "eos_token", r"no end-of-text token.* Set eos_token"),
        ("masked_token", "mask_token", r"no mask token.* Set mask_token"),
    ],
)
def test_a_tokenizer_that_lacks_what_the_task_needs_is_refused(
    tmp_path: Path, task: Any, name: str, words: str
) -> None:
    made = small_corpus(tmp_path)
    config = read_json(made.encoder / CONFIG)
    assert isinstance(config, dict)
    write_json(made.encoder / CONFIG, {k: v for k, v in config.items() if k != name})
    with pytest.raises(DataError, match=words):
        CorpusIngest.of(
            corpus_data(text={"tokenizer": str(made.encoder)}, corpus={"task": task}), tmp_path
        )


def test_a_length_without_room_for_a_token_is_refused(tmp_path: Path) -> None:
    made = small_corpus(tmp_path)
    framed = framing(made.fitted.tokenizer, tmp_path / "framed")
    data = corpus_data(
        text={"tokenizer": str(framed), "length": 4}, corpus={"task": "masked_token"}
    )
    list(CorpusIngest.of(data, tmp_path).frames())
    short = Tokenizer(made.fitted.tokenizer.definition, SpecialTokens())
    assert short.special_affixes() == ([], [])


def test_too_few_documents_are_refused_before_anything_is_there(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", sentences(2))
    made = CorpusIngest.of(corpus_data(), tmp_path)
    with pytest.raises(DataError, match=r"split is empty: 2 documents"):
        list(made.frames())


def test_shares_that_leave_nothing_to_train_on_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", sentences(5))
    with pytest.raises(ConfigError, match="leave nothing to train on"):
        CorpusIngest.of(corpus_data(validation=0.5, test=0.5), tmp_path)


def test_a_corpus_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", sentences(60))
    made = CorpusIngest.of(corpus_data(), tmp_path)
    write(tmp_path, "a.txt", sentences(61))
    with pytest.raises(DataError, match=r"a\.txt changed while it was being read"):
        list(made.frames())


@pytest.mark.parametrize("name", ["b.txt", "b.csv", "b.jsonl", "sub"])
def test_a_corpus_reads_no_file_out_of_its_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path, "a.txt", sentences(60))
    write(tmp_path / "secret", "b.txt", sentences(5))
    target = "secret/texts" if name == "sub" else "secret/texts/b.txt"
    (tmp_path / "texts" / name).symlink_to(tmp_path / target)
    with pytest.raises(DataError, match=rf"{name} is a link that leads out of the folder"):
        CorpusIngest.of(corpus_data(), tmp_path)
