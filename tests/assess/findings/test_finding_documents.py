"""Documents of findings: slices, classes and examples fit their rows in any order of the file."""

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
        seeds=2,
        full_logits=False,
        bins=15,
        latency_images=1,
        energy_seconds=0.2,
        sanity="stop",
        slices=slices,
    )


@dataclass(frozen=True)
class PredictedExamples:
    """Predictions, their examples and the encoder, on disk."""

    predictions: TableFile
    examples: TableFile
    encoder: Path


def distribution(first: int, sure: float, then: int | None = None) -> list[float]:
    """Return this probability for one class; a second class or both others have the rest."""
    rest = 1 - sure
    probabilities = [rest / 2] * 3 if then is None else [0.0, 0.0, 0.0]
    if then is not None:
        probabilities[then] = rest
    probabilities[first] = sure
    return probabilities


@pytest.fixture
def texts(tmp_path: Path) -> PredictedExamples:
    """Row n has class n % 3. The teacher is right with 60% on odd and 90% on even rows; the next
    class gets the rest. Each student is right with 80%, but answers a on class c; each control is
    wrong on the first twelve. On row 4 the first student rules out a class to which the teacher
    gives 10%. The file has the examples in another order.
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
        for name, answer in (("student", student), ("control", control)):
            rows[name].append(answer)
            rows[f"{name}_1"].append(answer)
    rows["student"][4] = [0.2 - 1e-9, 0.8, 1e-9]
    frame = pl.DataFrame(rows).with_columns(pl.col("label").cast(pl.Int32))
    write_table(frame.drop("text"), tmp_path / "predictions.parquet")
    examples = frame.select("example_id", "split", "label", "text").reverse()
    write_table(examples, tmp_path / "examples.parquet")
    encoder = fit_encoder(examples, "text", ("a", "b", "c"), ())
    return PredictedExamples(
        TableFile(tmp_path / "predictions.parquet"),
        TableFile(tmp_path / "examples.parquet"),
        written(encoder, tmp_path / "encoder"),
    )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("looking"))


@pytest.fixture
def tokens(corpus: CorpusOnDisk, tmp_path: Path) -> PredictedExamples:
    """The NLL of each token is 2 nats for the teacher, 2.5 for students and 3 for controls, but 6
    for the first student at the fourth token of the second sequence.
    """
    test = corpus.examples.read().filter(pl.col("split") == "test")
    labels = [row[row >= 0] for row in corpus.fitted.encode(test)[:, 2]]
    rows: dict[str, Any] = {
        "example_id": test["example_id"],
        "bytes": test["bytes"],
        "labels": [row.astype(np.int64) for row in labels],
    }
    worth = {"teacher": 2.0, "control": 3.0, "student": 2.5, "control_1": 3.0, "student_1": 2.5}
    for name, nll in worth.items():
        rows[f"{name}_nll"] = [np.full(len(row), nll, np.float32) for row in labels]
        rows[f"{name}_top"] = [row.astype(np.int64) for row in labels]
        rows[f"{name}_confidence"] = [np.full(len(row), 0.5, np.float32) for row in labels]
        rows[f"{name}_kl"] = [np.zeros(len(row), np.float32) for row in labels]
    rows["student_nll"][1][3] = 6.0
    write_table(pl.DataFrame(rows), tmp_path / "predictions.parquet")
    return PredictedExamples(
        TableFile(tmp_path / "predictions.parquet"), corpus.examples, corpus.encoder
    )


def slices_of(predicted: PredictedExamples, **slices: str) -> dict[str, dict[str, Any]]:
    document = measure_slices(
        predicted.predictions, predicted.examples, predicted.encoder, measured(**slices)
    )
    return {one["name"]: one for one in document["slices"]}


def test_every_kind_of_slice_is_of_the_test_split_alone(texts: PredictedExamples) -> None:
    slices = slices_of(texts, third="pl.col('class') == 'c'")
    assert {name: (one["kind"], one["examples"]) for name, one in slices.items()} == {
        "third": ("condition", 40),
        "class a": ("class", 40),
        "class b": ("class", 40),
        "class c": ("class", 40),
        f"teacher 60{DASH}90% sure": ("confidence", 60),
        f"teacher 90{DASH}91% sure": ("confidence", 60),
        "5 characters": ("size", 60),
        "9 characters": ("size", 60),
    }


def test_losses_are_those_of_the_rows(texts: PredictedExamples) -> None:
    document = measure_slices(texts.predictions, texts.examples, texts.encoder, measured())
    # Students are right on 80 of 120, controls on 108.
    assert document["measure"] == "accuracy"
    assert document["means"] == {
        "teacher": 1.0, "control": 0.9, "student": 0.666667, "loss": 0.333333,
    }  # fmt: skip
    slices = slices_of(texts, third="pl.col('class') == 'c'", small="pl.col('size') == 5")
    assert slices["third"]["means"] == slices["class c"]["means"]
    assert slices["class c"]["means"] == {
        "teacher": 1.0, "control": 0.9, "student": 0.0, "loss": 1.0,
    }  # fmt: skip
    # The twelve errors of controls are among the first 60 rows, which are short.
    assert slices["small"]["means"]["control"] == slices["5 characters"]["means"]["control"] == 0.8
    assert slices["9 characters"]["means"]["control"] == 1.0
    out = [name for name, one in slices.items() if (one["judgement"] or {}).get("is_called_out")]
    assert out == ["third", "class c"]


def test_a_condition_on_a_column_that_is_not_there_is_refused(texts: PredictedExamples) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.slices\.odd.*colour"):
        slices_of(texts, odd="pl.col('colour') == 1")


def test_sequences_are_sliced_by_size_and_condition_in_nats(tokens: PredictedExamples) -> None:
    document = measure_slices(
        tokens.predictions, tokens.examples, tokens.encoder, measured(all="pl.col('size') > 0")
    )
    tokens_of_each = tokens.predictions.read()["labels"].list.len()
    # One answer of one of two students is 3.5 nats worse than the others.
    loss = 0.5 + 3.5 / (2 * tokens_of_each.sum())
    assert document["measure"] == "nll"
    assert document["examples"] == len(tokens_of_each)
    assert document["means"]["loss"] == pytest.approx(loss, abs=1e-6)
    first, *sizes = document["slices"]
    assert (first["name"], first["examples"]) == ("all", len(tokens_of_each))
    assert {one["kind"] for one in sizes} <= {"size"}
    assert all(one["name"].endswith(" tokens") for one in sizes)


def test_classes_that_the_teacher_finds_similar_are_shown_with_an_example(
    texts: PredictedExamples,
) -> None:
    document = measure_dark_knowledge(texts.predictions, texts.examples, texts.encoder)
    grid = document["knowledge"]["grid"]
    at = {name: place for place, name in enumerate(grid["classes"])}
    # Half of the rows have 90%, half 60%: the next class gets (0.1 + 0.4) / 2.
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


def test_the_examples_on_which_both_differ_are_shown(texts: PredictedExamples) -> None:
    document = find_disagreements(texts.predictions, texts.examples, texts.encoder)
    lost = document["disagreements"]["lost"]
    # On even rows of class c the teacher gives it 90%, the student 10%.
    assert [one["row"] for one in lost] == [2, 8, 14, 20, 26, 32]
    assert {(one["actual"], one["student"], one["lost"]) for one in lost} == {("c", "a", 0.8)}
    assert [one["text"] for one in document["lost"]] == [f"{one['row']:05d}" for one in lost]
    apart = document["disagreements"]["apart"]
    # 0.9 ln(0.9 / 0.8) + 0.1 ln(0.1 / 1e-9), then 0.9 ln 9 + 0.1 ln(1 / 8)
    assert [one["row"] for one in apart] == [4, 2, 8, 14, 20, 26]
    assert [one["kl"] for one in apart[:2]] == pytest.approx([1.948073, 1.769558], abs=1e-4)
    assert [one["text"] for one in document["apart"]] == [f"{one['row']:05d}" for one in apart]


def test_the_token_on_which_both_differ_is_shown_in_its_text(
    tokens: PredictedExamples, corpus: CorpusOnDisk
) -> None:
    document = find_disagreements(tokens.predictions, tokens.examples, tokens.encoder)
    worst, *others = document["positions"]
    assert worst == {
        "sequence": 1, "position": 3, "teacher_nll": 2.0, "student_nll": 6.0, "lost": 4.0,
    }  # fmt: skip
    assert {one["lost"] for one in others} == {0.5}
    thumbnail = document["shown"][0]
    written_down = (corpus.encoder.parent / "texts" / "a.txt").read_text()
    label = tokens.predictions.read()["labels"][1][3]
    assert thumbnail["token"].strip() == corpus.fitted.tokenizer.decode([label]).strip() != ""
    assert (thumbnail["text"] + thumbnail["token"]).lstrip("…") in written_down


def test_of_a_vocabulary_no_class_is_like_another(tokens: PredictedExamples) -> None:
    assert measure_dark_knowledge(tokens.predictions, tokens.examples, tokens.encoder) == {}
