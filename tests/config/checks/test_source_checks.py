"""Checks of the source: its options, and what the inputs of a model are."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks.source_checks import inputs_of, source_kind
from stillroom.config.compose import compose
from stillroom.errors import ConfigError


@pytest.fixture
def data(project: Path) -> dict[str, Any]:
    return dict(compose(project)["data"])


@pytest.mark.parametrize(
    ("source", "column", "encoding", "inputs"),
    [
        ("digits", None, "hashed", "images"),
        ("image_folder", "text", "tokens", "images"),
        ("table", "image", "tokens", "images"),
        ("table", "text", "tokens", "tokens"),
        ("table", "text", "hashed", "numbers"),
        ("table", None, "tokens", "numbers"),
        ("corpus", "text", "hashed", "running_text"),
        ("topics", None, "hashed", "running_text"),
    ],
)
def test_the_inputs_follow_from_source_column_and_encoding(
    data: dict[str, Any], source: str, column: str | None, encoding: str, inputs: str
) -> None:
    columns = data["columns"] | ({column: "a"} if column else {})
    changed = {"source": source, "columns": columns, "text": data["text"] | {"encoding": encoding}}
    values = data | changed
    assert inputs_of(values, source_kind(values)) == inputs


def test_a_key_that_the_source_does_not_declare_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"data\.shuffle is not a parameter"):
        source_kind(data | {"shuffle": True})
