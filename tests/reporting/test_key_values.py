from stillroom.reporting.key_values import condensed, key_values


def test_each_leaf_is_a_line_with_its_path() -> None:
    document = {"a": {"b": 1, "c": {"d": None}}, "e": [1, 2], "f": {}}
    assert key_values(document) == [("a.b", "1"), ("a.c.d", "none"), ("e", "1, 2"), ("f", "none")]


def test_values_are_written_for_people() -> None:
    document = {"count": 60000, "share": 0.1, "on": True, "off": False, "empty": []}
    assert dict(key_values(document)) == {
        "count": "60,000",
        "share": "0.1",
        "on": "yes",
        "off": "no",
        "empty": "none",
    }


def test_a_group_of_counts_is_one_line() -> None:
    document = {"examples": {"train": 8, "test": 2}, "classes": {"train": {"a": 5, "b": 3}}}
    assert condensed(document) == [
        ("examples", "train: 8, test: 2"),
        ("classes.train", "a: 5, b: 3"),
    ]


def test_a_thousand_files_are_cut_and_counted() -> None:
    ((_, text),) = condensed({"files": {f"{index}.png": "00" for index in range(1000)}})
    assert text.endswith("11.png: 00, and 988 more")


def test_a_tuple_of_records_is_read_as_a_list() -> None:
    document = {"conflicts": {"examples": ({"row": 3, "labels": [1, 7]},), "inputs": 1}}
    assert condensed(document) == [
        ("conflicts.examples", "row: 3, labels: 1, 7"),
        ("conflicts.inputs", "1"),
    ]
