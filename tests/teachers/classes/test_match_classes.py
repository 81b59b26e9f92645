"""Class names: which output of a teacher is which class of the examples."""

import pytest

from stillroom.errors import ModelError
from stillroom.teachers.classes.match_classes import match_classes


def matched(teachers: str, examples: str, **mapping: str) -> tuple[list[str], list[int]]:
    match = match_classes(tuple(teachers.split(",")), tuple(examples.split(",")), mapping, "t")
    assert match.moves == (list(match.order) != sorted(match.order))
    return list(match.names), list(match.order)


def test_equal_names_in_order_are_left_as_they_are() -> None:
    assert matched("a,b,c", "a,b,c") == (["a", "b", "c"], [0, 1, 2])


def test_equal_names_in_another_order_are_found_by_name() -> None:
    # Class a is output 1, class b output 2, class c output 0.
    assert matched("c,a,b", "a,b,c") == (["c", "a", "b"], [1, 2, 0])


def test_generic_names_meet_whole_numbers() -> None:
    assert matched("LABEL_0,LABEL_1", "0,1") == (["0", "1"], [0, 1])
    names = ",".join(f"LABEL_{number}" for number in range(12))
    in_order = ",".join(sorted(map(str, range(12))))  # 0, 1, 10, 11, 2, …
    assert matched(names, in_order)[1] == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    ("teachers", "examples"),
    [
        ("LABEL_0,LABEL_1", "1,2"),
        ("LABEL_0,LABEL_1", "0,1,2"),
        ("LABEL_0,LABEL_1", "no,yes"),
        ("LABEL_0,LABEL_1", "0,01"),
        ("LABEL_1,LABEL_0", "0,1"),
        ("label_0,label_1", "0,1"),
    ],
)
def test_generic_names_meet_nothing_else(teachers: str, examples: str) -> None:
    with pytest.raises(ModelError, match=r"^t has 2 classes .*, but the examples have"):
        matched(teachers, examples)


def test_a_mapping_names_the_classes() -> None:
    both = {"LABEL_0": "neg", "LABEL_1": "pos"}
    assert matched("LABEL_0,LABEL_1", "neg,pos", **both) == (["neg", "pos"], [0, 1])
    turned = {"LABEL_0": "pos", "LABEL_1": "neg"}
    assert matched("LABEL_0,LABEL_1", "neg,pos", **turned) == (["pos", "neg"], [1, 0])
    assert matched("a,B", "a,b", B="b") == (["a", "b"], [0, 1])
    # What is mapped is not guessed beside it: only one of two generic names is mapped here.
    with pytest.raises(ModelError, match="has 2 classes"):
        matched("LABEL_0,LABEL_1", "0,1", LABEL_0="0")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"LABEL_7": "neg"}, "class_names names LABEL_7, but t has 2 classes .LABEL_0, LABEL_1."),
        ({"LABEL_0": "neg", "LABEL_1": "neg"}, "Two of its outputs are called neg"),
        ({"LABEL_0": "neg", "LABEL_1": "other"}, r"class_names=\{LABEL_1: <class>\} with .* pos"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        matched("LABEL_0,LABEL_1", "neg,pos", **mapping)


def test_names_that_differ_in_case_or_blanks_are_not_joined_but_shown() -> None:
    words = r"only in form, such as case\. Set teacher\.class_names=\{Neg: neg, p  os: P os\}"
    with pytest.raises(ModelError, match=words):
        matched("Neg,p  os", "neg,P os")


@pytest.mark.parametrize(
    ("teachers", "examples", "pairs"),
    [
        ("0.0,1.0", "0,1", "0.0: 0, 1.0: 1"),
        ("cafe\u0301,x", "caf\u00e9,x", "cafe\u0301: caf\u00e9"),
        ("\uff4eeg,pos", "neg,pos", "\uff4eeg: neg"),
        ("ne\u200bg,pos", "neg,pos", "ne\u200bg: neg"),
    ],
)
def test_names_that_ingest_calls_alike_are_shown_too(
    teachers: str, examples: str, pairs: str
) -> None:
    with pytest.raises(ModelError) as refused:
        matched(teachers, examples)
    assert f"Set teacher.class_names={{{pairs}}}" in str(refused.value)


def test_another_number_of_classes_is_refused() -> None:
    with pytest.raises(ModelError, match="Choose a teacher with the same classes"):
        matched("a,b,c", "a,b")
