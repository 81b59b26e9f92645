"""Label forms: what differs only in its form is said, and joined if configured."""

import logging
import unicodedata

import polars as pl
import pytest

from stillroom.data.ingest.label_forms import label_key, unified_labels
from stillroom.data.raw_examples import RawPart, stack_parts

COMPOSED = "caf\u00e9"
DECOMPOSED = "cafe\u0301"


def raw(labels):
    part = RawPart(
        part="t.csv",
        shape=(),
        content=pl.Series([str(n) for n in range(len(labels))]),
        labels=labels,
        splits=[None] * len(labels),
        origins=[f"row {n}" for n in range(len(labels))],
    )
    return stack_parts("text", [part], {})


@pytest.mark.parametrize(
    "forms",
    [
        ["cat", " cat", "cat ", "\tcat\n"],
        ["cat", "Cat", "CAT"],
        [COMPOSED, DECOMPOSED, unicodedata.normalize("NFD", "CAF\u00c9")],
        ["new york", "new\u00a0york", "New  York", "new\u2009york"],
        ["cat", "c\u200bat", "\ufeffcat", "cat\u00ad"],
        ["cat", "\uff43\uff41\uff54"],
        ["1", "1.0", "01", "+1", "1.00"],
        ["0", "-0", "0.0"],
        ["10", "10.0"],
        ["-1.50", "-01.5"],
        ["9" * 40, "0" + "9" * 40, "9" * 40 + ".0"],
        ["True", "true", "TRUE"],
        ["stra\u00dfe", "STRASSE", "strasse"],
    ],
)
def test_forms_of_one_label_are_joined(forms):
    assert len({label_key(form) for form in forms}) == 1
    joined = unified_labels(raw([*forms, "other"]), "join", None)
    assert joined.frame["label"].n_unique() == 2
    assert joined.frame["label"].to_list()[-1] == "other"
    assert [notice.kind for notice in joined.notices] == ["converted"]


@pytest.mark.parametrize(
    "numbers",
    [
        ["1" + "0" * 28 + "1", "1" + "0" * 28 + "2"],
        ["0." + "0" * 30 + "1", "0." + "0" * 30 + "2"],
        ["1", "-1"],
        ["10", "1", "100", "0.1", "0.01"],
        ["1e9999999", "1e9999998"],
        ["8" * 5_000, "8" * 5_001],
    ],
)
def test_numbers_of_different_values_stay_apart(numbers):
    joined = unified_labels(raw(numbers), "join", None)
    assert joined.frame["label"].to_list() == numbers
    assert joined.notices == ()


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        (["cat", "Cat", "Cat"], "Cat"),
        (["cat", "Cat"], "Cat"),
        ([" cat", " cat", "cat"], "cat"),
        ([DECOMPOSED, DECOMPOSED, COMPOSED], COMPOSED),
        ([" cat", "cat ", "cat "], "cat "),
        (["01", "1", "1"], "1"),
    ],
)
def test_a_form_without_blanks_is_kept_and_then_the_most_frequent(labels, kept):
    joined = unified_labels(raw([*labels, "other"]), "join", None)
    assert joined.frame["label"].to_list() == [kept] * len(labels) + ["other"]


def test_by_default_they_stay_and_a_warning_names_them(caplog):
    with caplog.at_level(logging.WARNING):
        kept = unified_labels(raw([COMPOSED, DECOMPOSED, "dog", COMPOSED]), "keep", None)
    assert kept.frame["label"].to_list() == [COMPOSED, DECOMPOSED, "dog", COMPOSED]
    (notice,) = kept.notices
    assert notice.text == (
        "2 labels are 1 if blanks, case, Unicode form and the form of numbers do not count "
        r"('caf\xe9' 2, 'cafe\u0301' 1). They stay different classes; data.normalise_labels=join "
        "makes them one."
    )
    assert caplog.messages == [notice.text]


@pytest.mark.parametrize(
    "labels",
    [["cat", "dog"], ["1", "2", "10", "1.5"], ["c", "c++", "c#"], ["a b", "ab"], ["a", None]],
)
def test_different_labels_give_no_notice(labels):
    same = unified_labels(raw(labels), "join", None)
    assert same.frame["label"].to_list() == labels
    assert same.notices == ()


def test_a_declared_name_is_the_one_that_is_kept():
    joined = unified_labels(raw(["Cat", "Cat", "DOG"]), "join", ["cat", "dog", "cow"])
    assert joined.frame["label"].to_list() == ["cat", "cat", "dog"]


@pytest.mark.parametrize("name", ["NaN", "nan", "None", "null", "NA", "N/A", "<NA>"])
def test_a_label_that_reads_as_missing_is_said(name):
    kept = unified_labels(raw([name, "cat", name]), "keep", None)
    assert kept.frame["label"].to_list() == [name, "cat", name]
    assert kept.notices[0].text.startswith("2 rows have a label that reads as missing")


def test_a_label_that_cannot_be_seen_is_none():
    kept = unified_labels(raw(["\u200b", "cat"]), "keep", None)
    assert kept.frame["label"].to_list() == [None, "cat"]
    assert kept.notices[0].kind == "converted"
