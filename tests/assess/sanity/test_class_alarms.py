"""Classes that nobody can learn, from counts that are written out here."""

import pytest

from stillroom.assess.sanity.class_alarms import class_alarms


def counts(**by_class: tuple[int, int, int]) -> dict[str, dict[str, int]]:
    """Return split -> class -> rows, from class -> rows of train, validation and test."""
    names = ("train", "validation", "test")
    return {
        split: {name.replace("_", "."): rows[place] for name, rows in by_class.items()}
        for place, split in enumerate(names)
    }


def test_classes_with_training_rows_raise_no_alarm() -> None:
    # A class that validation and test lack can be learnt; it just cannot be measured.
    assert list(class_alarms(counts(a=(1, 0, 0), b=(5, 2, 3)))) == []


def test_a_class_of_the_test_split_alone_is_named_with_its_rows() -> None:
    (alarm,) = class_alarms(counts(neg=(80, 0, 40), neutral=(0, 0, 12), pos=(80, 0, 40)))
    assert alarm.code == "class_without_training_rows"
    assert alarm.text == (
        "1 of 3 classes has no labelled training row, but 0 and 12 in validation and test: neutral."
        " No model can learn it, and 12 rows would count as mistakes."
    )
    assert alarm.way_out == (
        "Give each class training rows, or take its rows out of validation and test."
    )


def test_a_class_of_the_validation_split_alone_is_an_alarm_too() -> None:
    (alarm,) = class_alarms(counts(a=(3, 1, 1), b=(3, 1, 1), c=(0, 4, 0)))
    assert "but 4 and 0 in validation and test: c." in alarm.text


def test_labels_of_two_forms_are_told_from_each_other_with_a_hint() -> None:
    # `0` stands in a column of whole numbers, `0.0` in one that a blank turned into floats.
    of_two_files = {"0": 74, "1": 70, "0.0": 0, "1.0": 0}
    held_out = {"0": 0, "1": 0, "0.0": 40, "1.0": 40}
    (alarm,) = class_alarms({"train": of_two_files, "validation": of_two_files, "test": held_out})
    assert "2 of 4 classes have no labelled training row, but 0 and 80" in alarm.text
    assert alarm.way_out.startswith("0.0 and 0 look like one class: write them the same way. ")


@pytest.mark.parametrize(
    ("one", "other"), [("Spam", "spam"), ("a  b", "a b"), ("e\u0301", "\u00e9")]
)
def test_names_that_differ_in_case_blanks_or_composition_look_like_one_class(
    one: str, other: str
) -> None:
    train, test = {one: 5, other: 0, "c": 5}, {one: 0, other: 3, "c": 1}
    (alarm,) = class_alarms({"train": train, "validation": {}, "test": test})
    assert "look like one class" in alarm.way_out


@pytest.mark.parametrize(
    "name", ["1e9999999", "-1e9999999", "1e-99999999999", "NaN", "sNaN", "Infinity", "9" * 5_000]
)
def test_a_class_named_like_an_unusual_number_is_a_class_like_others(name: str) -> None:
    train, test = {name: 5, "untrained": 0}, {name: 1, "untrained": 1}
    (alarm,) = class_alarms({"train": train, "validation": {}, "test": test})
    assert "look like one class" not in alarm.way_out
    (alarm,) = class_alarms({"train": test | {name: 0}, "validation": {}, "test": test})
    assert alarm.code == "class_without_training_rows"


def test_a_declared_class_without_any_row_is_an_alarm() -> None:
    (alarm,) = class_alarms(counts(a=(3, 1, 1), b=(3, 1, 1), unsure=(0, 0, 0)))
    assert alarm.code == "class_without_rows"
    assert alarm.text == "1 of 3 classes has no labelled row in any split: unsure."


def test_labels_that_parameters_left_out_are_named_in_the_way_out() -> None:
    (alarm,) = class_alarms(
        counts(a=(3, 1, 1), rare=(0, 1, 1)), ["data.label_fraction=0.1", "data.labels_per_class=3"]
    )
    assert alarm.way_out.endswith(
        ", or change data.label_fraction=0.1 and data.labels_per_class=3, which leaves out "
        "training labels."
    )


def test_many_classes_are_counted_and_a_few_are_named() -> None:
    train = {f"c{number}": 0 for number in range(40)} | {"a": 5, "b": 5}
    test = dict.fromkeys(train, 2)
    (alarm,) = class_alarms({"train": train, "validation": {}, "test": test})
    assert alarm.text.startswith("40 of 42 classes have no labelled training row, but 0 and 80")
    assert ": c0, c1, c2, c3, c4, …. No model" in alarm.text


def test_hostile_names_are_printable_and_short() -> None:
    hostile = "\x1b]52;c;aGk=\x07" + "x" * 500
    (alarm,) = class_alarms(
        {"train": {hostile: 0, "a": 1}, "validation": {}, "test": {hostile: 1, "a": 1}}
    )
    assert alarm.sentence.isprintable()
    assert len(alarm.sentence) < 400
