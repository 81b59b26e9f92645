"""The sparsifier of a document is looked up by its kind; a wrong one is named with its place."""

from dataclasses import asdict
from typing import Any

import pytest
from pydantic_core import PydanticCustomError
from support.softlabels.sparsifier_cases import KINDS

from stillroom.errors import ConfigError, SoftLabelError
from stillroom.softlabels.format.sparsifier_values import BELOW, sparsifier_of
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY


def mistake(value: object) -> PydanticCustomError:
    with pytest.raises(PydanticCustomError) as raised:
        sparsifier_of(value)
    return raised.value


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_each_kind_is_read_from_its_own_values(kind: Sparsifier) -> None:
    values: dict[str, Any] = asdict(kind)  # type: ignore[call-overload]
    assert sparsifier_of(values) == kind
    assert sparsifier_of(kind) is kind


def test_an_unknown_kind_is_named_with_those_that_are_known() -> None:
    words = mistake({"kind": "best"}).message()
    assert words.startswith("its kind is best, which is not a sparsifier here. Known are full, ")
    assert words.endswith("If a package adds this kind, install it")
    assert len(mistake({"kind": "x" * 10_000}).message()) < 300


@pytest.mark.parametrize("value", [None, [], "topk", 3, {}, {"kind": 3}, {"kind": ["topk"]}])
def test_what_names_no_kind_is_refused(value: object) -> None:
    assert "the name of a sparsifier as its `kind`" in mistake(value).message()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"kind": "topk", "k": 0, "temperatures": [1.0]}, "topk.k"),
        ({"kind": "topk", "k": "3", "temperatures": [1.0]}, "topk.k"),
        ({"kind": "topk", "k": 3, "temperatures": [1.0, "2"]}, "topk.temperatures.1"),
        ({"kind": "topk", "k": 3}, "topk.temperatures"),
        ({"kind": "full", "k": 3}, "full.k"),
        ({"kind": "sample", "samples": 3, "temperature": float("nan")}, "sample.temperature"),
        ({"kind": "full", "deep": [[[]]]}, "full.deep"),
    ],
)
def test_a_wrong_value_has_a_place(value: dict[str, Any], place: str) -> None:
    assert (mistake(value).context or {})[BELOW] == place


def test_values_that_json_cannot_hold_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, 10**5000, "\ud800"):
        assert mistake({"kind": "full", "k": value}).context


def test_a_package_that_cannot_be_imported_is_an_error_of_the_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(name: str) -> type[Sparsifier]:
        raise ConfigError("example 1.0 cannot be imported")

    monkeypatch.setattr(REGISTRY, "load", broken)
    with pytest.raises(SoftLabelError, match=r"example 1\.0 cannot be imported"):
        sparsifier_of({"kind": "full"})
