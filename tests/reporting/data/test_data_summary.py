"""The summary of a report of ingest says what the report counts, and hides nothing."""

from typing import Any

from support.report_documents import CORPUS_REPORT, DATA_REPORT

from stillroom.reporting.data.data_summary import Counts, data_summary


def said(report: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return dict(data_summary(report).sentences)


def test_what_was_read_and_where_the_splits_come_from() -> None:
    words = said(DATA_REPORT)
    assert words["Read"] == ("5,000 rows of 2 files (data.source digits).",)
    assert words["Guessed"] == ("1 file is separated by semicolons.",)
    assert words["Converted"] == ("Nothing.",)
    assert words["Splits"] == (
        "Train: the rest of all rows.",
        "Validation: drawn from all rows by content (0.1).",
        "Test: drawn from all rows by content (0.2).",
    )


def test_each_reason_to_leave_something_out_is_a_sentence() -> None:
    report = DATA_REPORT | {
        "duplicates": 3,
        "leaked": 1,
        "conflicts": {"treatment": "majority", "inputs": 5, "dropped": 2, "examples": []},
        "tokens": {"cut": {"train": 4, "validation": 0, "test": 3}, "length": 64},
        "skipped": {".jpg": 2, "no suffix": 1},
        "notices": {"left_out": ["The folder .cache was not read."]},
    }
    assert said(report)["Left out"] == (
        "3 rows with the same content as another one.",
        "1 row that another split has too: test keeps such a row, else validation.",
        "2 inputs with several labels, none most frequent.",
        "The rarer labels of 3 inputs with several labels.",
        "The ends of 7 texts, beyond 64 tokens.",
        "3 files of kinds that data.source does not read: .jpg (2), no suffix (1).",
        "The folder .cache was not read.",
    )


def test_nothing_left_out_is_said_too() -> None:
    words = said(DATA_REPORT | {"duplicates": 0, "skipped": {}, "notices": {}})
    assert words["Left out"] == words["Guessed"] == ("Nothing.",)


def test_splits_of_one_origin_share_a_sentence() -> None:
    origins = {"train": "file names", "validation": "file names", "test": "the source"}
    assert said(DATA_REPORT | {"splits_from": origins})["Splits"] == (
        "Train and validation: file names.",
        "Test: the source.",
    )


def test_classes_stand_in_natural_order_with_their_labelled_rows() -> None:
    classes = {"train": {"10": 3, "9": 4}, "validation": {"9": 1, "10": 0}, "test": {"9": 2}}
    summary = data_summary(DATA_REPORT | {"classes": classes})
    assert summary.classes == (Counts("9", (4, 1, 2)), Counts("10", (3, 0, 0)))
    assert summary.counts[1] == Counts("labelled", (350, 499, 1000))
    assert "Classes" not in dict(summary.sentences)


def test_of_many_classes_the_extremes_and_the_missing_are_said() -> None:
    train = {f"c{number}": 5 + number for number in range(20)}
    test = {name: 0 if name in ("c3", "c4") else 2 for name in train}
    report = DATA_REPORT | {"classes": {"train": train, "validation": train, "test": test}}
    summary = data_summary(report)
    assert summary.classes == ()
    assert summary.of_classes == (
        "20 classes.",
        "Labelled rows in train: 5 (c0) to 24 (c19).",
        "Labelled rows in validation: 5 (c0) to 24 (c19).",
        "Labelled rows in test: 2 of each class.",
        "No labelled row in test: 2 classes (c3, c4).",
    )


def test_running_text_has_documents_sequences_tokens_and_bytes() -> None:
    summary = data_summary(CORPUS_REPORT)
    assert summary.read == "1,004 documents of 2 files at texts (data.source corpus)."
    assert summary.left_out == ("4 documents with the same text as another one.",)
    assert [counts.name for counts in summary.counts] == [
        "documents", "sequences", "tokens", "bytes",
    ]  # fmt: skip
    assert summary.counts[0].of_splits == (700, 100, 200)
    assert (summary.classes, summary.of_classes) == ((), ())


def test_test_prompts_that_training_has_too_are_said() -> None:
    counts = {"words": 13, "prompts": 4000}
    long, short = {"compared": 1000, "overlapping": 90}, {"compared": 1, "equal": 0}
    words = said(CORPUS_REPORT | {"overlap": counts | {"long": long, "short": short}})
    assert words["Overlap"] == (
        "A random 1,001 of 4,000 test prompts are compared.",
        "90 of 1,000 test prompts of at least 13 words share 13 words in a row with a training "
        "prompt.",
        "0 of 1 shorter test prompt are equal to a training prompt.",
    )
    many = {"words": 13, "prompts": 20, "long": {"compared": 0, "overlapping": 0}}
    words = said(CORPUS_REPORT | {"overlap": many | {"short": {"compared": 20, "equal": 3}}})
    assert words["Overlap"][0] == ("3 of 20 shorter test prompts are equal to a training prompt.")
    assert words["Overlap"][1].startswith("That is much")
    assert "Overlap" not in said(CORPUS_REPORT)


def test_what_data_bring_is_printable() -> None:
    hostile = "\x1b]52;c;aGk=\x07"
    report = DATA_REPORT | {
        "path": hostile,
        "skipped": {hostile: 1},
        "notices": {kind: [hostile] for kind in ("guessed", "converted", "left_out")},
        "splits_from": dict.fromkeys(DATA_REPORT["splits_from"], hostile),
        "classes": {"train": {hostile: 1}},
    }
    summary = data_summary(report)
    words = [one for _, sentences in summary.sentences for one in sentences]
    assert all(one.isprintable() for one in (*words, *(c.name for c in summary.classes)))
