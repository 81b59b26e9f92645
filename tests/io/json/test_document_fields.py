"""Document fields: each value with its key, at any depth."""

from stillroom.io.json.document_fields import document_fields


def test_each_value_has_the_key_that_it_is_under() -> None:
    document = {"a": 1, "b": {"c": [2, {"d": None}]}}
    expected = [
        ("a", 1),
        ("b", {"c": [2, {"d": None}]}),
        ("c", [2, {"d": None}]),
        ("c", 2),
        ("c", {"d": None}),
        ("d", None),
    ]
    assert list(document_fields(document)) == expected
    assert list(document_fields(3)) == list(document_fields([])) == []


def test_a_document_may_be_nested_deeply() -> None:
    document: object = {"last": 1}
    for _ in range(100_000):
        document = [document]
    assert list(document_fields(document))[-1] == ("last", 1)
