"""Where to look: slices, classes and examples belong to their rows, whatever order a file has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.examples.corpus_examples import CorpusOnDisk, small_corpus
from support.examples.image_examples import written

from stillroom.config.schema import Evaluate
from stillroom.data.encoders import fit_encoder
from stillroom.errors import ConfigError
from stillroom.io.tables import TableFile, write_table
from stillroom.pipelines.evaluate.nodes import (
    find_disagreements,
    measure_dark_knowledge,
    measure_slices,
)
from stillroom.reporting.units import DASH

TEST, VALIDATION = 120, 30


def measured(**slices: str) -> Evaluate:
    return Evaluate(
        seeds=2, full_logits=False, bins=15, latency_images=1, energy_seconds=0.2, slices=slices
    )


@dataclass(frozen=True)
class Told:
    """Predictions, the examples that they are of, and the encoder, on disk."""

    predictions: TableFile
    examples: TableFile
    encoder: Path


def distribution(first: int, sure: float, then: int | None = None) -> list[float]:
    """Return so much on one class, and the rest on a second one or on both others."""
    rest = 1 - sure
    found = [rest / 2] * 3 if then is None else [0.0, 0.0, 0.0]
    if then is not None:
        found[then] = rest
    found[first] = sure
    return found


@pytest.fixture
def texts(tmp_path: Path) -> Told:
    """Row n is of class n % 3; the teacher is right, on odd rows at 60%, else at 90%, and gives the
    rest to the next class. Each student is right at 80%, but on class c says a; each control is
    wrong on the first twelve. On row 4 the first student rules out what the teacher gives 10%. The
    examples lie in a file in another order.
    """
    rows: dict[str, list[Any]] = {
        "example_id": [], "split": [], "label": [], "text": [], "teacher": [],
        "control": [], "student": [], "control_1": [], "student_1": [],
    }  # fmt: skip
    for n in range(TEST + VALIDATION):
        label = n % 3
        student = distribution(0 if label == 2 else label, 0.8)
        control = distribution((label + 1) % 3 if n < 12 else label, 0.8)
        rows["example_id"].append(n.to_bytes(16, "big"))
        rows["split"].append("test" if n < TEST else "validation")
        rows["label"].append(label)
        rows["text"].append(f"{n:05d}" if n < 60 else f"{n:09d}")
        rows["teacher"].append(distribution(label, 0.6 if n % 2 else 0.9, (label + 1) % 3))
        for name, said in (("student", student), ("control", control)):
            rows[name].append(said)
            rows[f"{name}_1"].append(said)
    rows["student"][4] = [0.2 - 1e-9, 0.8, 1e-9]
    frame = pl.DataFrame(rows).with_columns(pl.col("label").cast(pl.Int32))
    write_table(frame.drop("text"), tmp_path / "predictions.parquet")
    examples = frame.select("example_id", "split", "label", "text").reverse()
    write_table(examples, tmp_path / "examples.parquet")
    encoder = fit_encoder(examples, "text", ("a", "b", "c"), ())
    return Told(
        TableFile(tmp_path / "predictions.parquet"),
        TableFile(tmp_path / "examples.parquet"),
        written(encoder, tmp_path / "encoder"),
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("looking"))


@pytest.fixture
def tokens(corpus: CorpusOnDisk, tmp_path: Path) -> Told:
    """To the teacher each token is worth 2 nats, to students 2.5, to controls 3; but the fourth of
    the second sequence is worth 6 to the first student.
    """
    test = corpus.examples.read().filter(pl.col("split") == "test")
    asked = [row[row >= 0] for row in corpus.fitted.encode(test)[:, 2]]
    rows: dict[str, Any] = {
        "example_id": test["example_id"],
        "bytes": test["bytes"],
        "labels": [row.astype(np.int64) for row in asked],
    }
    worth = {"teacher": 2.0, "control": 3.0, "student": 2.5, "control_1": 3.0, "student_1": 2.5}
    for name, nll in worth.items():
        rows[f"{name}_nll"] = [np.full(len(row), nll, np.float32) for row in asked]
        rows[f"{name}_top"] = [row.astype(np.int64) for row in asked]
        rows[f"{name}_confidence"] = [np.full(len(row), 0.5, np.float32) for row in asked]
        rows[f"{name}_kl"] = [np.zeros(len(row), np.float32) for row in asked]
    rows["student_nll"][1][3] = 6.0
    write_table(pl.DataFrame(rows), tmp_path / "predictions.parquet")
    return Told(TableFile(tmp_path / "predictions.parquet"), corpus.examples, corpus.encoder)


def slices_of(told: Told, **slices: str) -> dict[str, dict[str, Any]]:
    document = measure_slices(told.predictions, told.examples, told.encoder, measured(**slices))
    return {one["name"]: one for one in document["slices"]}


def test_every_kind_of_slice_is_of_the_test_split_alone(texts: Told) -> None:
    found = slices_of(texts, third="pl.col('class') == 'c'")
    assert {name: (one["kind"], one["examples"]) for name, one in found.items()} == {
        "third": ("condition", 40),
        "class a": ("class", 40),
        "class b": ("class", 40),
        "class c": ("class", 40),
        f"teacher 60{DASH}90% sure": ("confidence", 60),
        f"teacher 90{DASH}91% sure": ("confidence", 60),
        "5 characters": ("size", 60),
        "9 characters": ("size", 60),
    }


def test_losses_are_those_of_the_rows(texts: Told) -> None:
    document = measure_slices(texts.predictions, texts.examples, texts.encoder, measured())
    # 80 of 120 are right; of the controls 108.
    assert document["measure"] == "accuracy"
    assert document["means"] == {
        "teacher": 1.0, "control": 0.9, "student": 0.666667, "loss": 0.333333,
    }  # fmt: skip
    found = slices_of(texts, third="pl.col('class') == 'c'", small="pl.col('size') == 5")
    assert found["third"]["means"] == found["class c"]["means"]
    assert found["class c"]["means"] == {
        "teacher": 1.0, "control": 0.9, "student": 0.0, "loss": 1.0,
    }  # fmt: skip
    # The twelve that controls get wrong are among the first 60, which are short.
    assert found["small"]["means"]["control"] == found["5 characters"]["means"]["control"] == 0.8
    assert found["9 characters"]["means"]["control"] == 1.0
    out = [name for name, one in found.items() if (one["judgement"] or {}).get("is_called_out")]
    assert out == ["third", "class c"]


def test_a_condition_on_a_column_that_is_not_there_is_refused(texts: Told) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.slices\.odd.*colour"):
        slices_of(texts, odd="pl.col('colour') == 1")


def test_sequences_are_sliced_by_size_and_condition_in_nats(tokens: Told) -> None:
    document = measure_slices(
        tokens.predictions, tokens.examples, tokens.encoder, measured(all="pl.col('size') > 0")
    )
    asked = tokens.predictions.read()["labels"].list.len()
    # One answer of one student of two is 3.5 nats worse than the others.
    loss = 0.5 + 3.5 / (2 * asked.sum())
    assert document["measure"] == "nll"
    assert document["examples"] == len(asked)
    assert document["means"]["loss"] == pytest.approx(loss, abs=1e-6)
    first, *sizes = document["slices"]
    assert (first["name"], first["examples"]) == ("all", len(asked))
    assert {one["kind"] for one in sizes} <= {"size"}
    assert all(one["name"].endswith(" tokens") for one in sizes)


def test_what_the_teacher_finds_similar_is_shown_with_the_example(texts: Told) -> None:
    document = measure_dark_knowledge(texts.predictions, texts.examples, texts.encoder)
    grid = document["knowledge"]["grid"]
    at = {name: place for place, name in enumerate(grid["classes"])}
    # Half of the rows at 90%, half at 60%: the next class gets (0.1 + 0.4) / 2.
    for actual, following in (("a", "b"), ("b", "c"), ("c", "a")):
        row = grid["probabilities"][at[actual]]
        assert row[at[actual]] == pytest.approx(0.75)
        assert row[at[following]] == pytest.approx(0.25)
    pairs = document["knowledge"]["pairs"]
    assert {(pair["actual"], pair["looks_like"]) for pair in pairs} == {
        ("a", "b"), ("b", "c"), ("c", "a"),
    }  # fmt: skip
    # The first odd row of each class.
    rows = {"a": 3, "b": 1, "c": 5}
    assert [pair["row"] for pair in pairs] == [rows[pair["actual"]] for pair in pairs]
    assert [one["text"] for one in document["shown"]] == [f"{pair['row']:05d}" for pair in pairs]


def test_the_examples_on_which_both_part_are_shown(texts: Told) -> None:
    document = find_disagreements(texts.predictions, texts.examples, texts.encoder)
    lost = document["disagreements"]["lost"]
    # Even rows of class c: the teacher gives it 90%, the student 10%.
    assert [one["row"] for one in lost] == [2, 8, 14, 20, 26, 32]
    assert {(one["actual"], one["student"], one["lost"]) for one in lost} == {("c", "a", 0.8)}
    assert [one["text"] for one in document["lost"]] == [f"{one['row']:05d}" for one in lost]
    apart = document["disagreements"]["apart"]
    # 0.9 ln(0.9 / 0.8) + 0.1 ln(0.1 / 1e-9), then 0.9 ln 9 + 0.1 ln(1 / 8)
    assert [one["row"] for one in apart] == [4, 2, 8, 14, 20, 26]
    assert [one["kl"] for one in apart[:2]] == pytest.approx([1.948073, 1.769558], abs=1e-4)
    assert [one["text"] for one in document["apart"]] == [f"{one['row']:05d}" for one in apart]


def test_the_token_on_which_both_part_is_shown_in_its_text(
    tokens: Told, corpus: CorpusOnDisk
) -> None:
    document = find_disagreements(tokens.predictions, tokens.examples, tokens.encoder)
    worst, *others = document["positions"]
    assert worst == {
        "sequence": 1, "position": 3, "teacher_nll": 2.0, "student_nll": 6.0, "lost": 4.0,
    }  # fmt: skip
    assert {one["lost"] for one in others} == {0.5}
    shown = document["shown"][0]
    written_down = (corpus.encoder.parent / "texts" / "a.txt").read_text()
    asked = tokens.predictions.read()["labels"][1][3]
    assert shown["token"].strip() == corpus.fitted.tokenizer.decode([asked]).strip() != ""
    assert (shown["text"] + shown["token"]).lstrip("…") in written_down


def test_of_a_vocabulary_no_class_is_like_another(tokens: Told) -> None:
    assert measure_dark_knowledge(tokens.predictions, tokens.examples, tokens.encoder) == {}
