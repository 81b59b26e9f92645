"""The table of the sources: what each gives, and what it reads."""

from pathlib import Path
from typing import Any

import pytest
from support.examples.data_config import a_data

from stillroom.data.sources.source_kind import ExampleSource
from stillroom.data.sources.source_registry import REGISTRY, source_of
from stillroom.errors import ConfigError

RUNNING_TEXT = {"corpus", "topics"}
NO_COLUMNS: dict[str, Any] = {"image": None, "text": None, "features": []}


def test_two_sources_give_running_text() -> None:
    gives = {name: REGISTRY.load(name).gives for name in REGISTRY.builtin}
    assert {name for name, what in gives.items() if what == "running_text"} == RUNNING_TEXT


def test_the_sources_that_packages_ship_read_no_path() -> None:
    without = {name for name in REGISTRY.builtin if not REGISTRY.load(name).reads_path}
    assert without == {"digits", "help_chat", "topics"}


@pytest.mark.parametrize(
    ("columns", "content"),
    [({"image": "file"}, "image"), ({"text": "words"}, "text"), ({"features": ["a"]}, "features")],
)
def test_a_table_holds_what_its_column_is(columns: dict[str, Any], content: str) -> None:
    table = source_of(a_data(columns=columns))
    assert isinstance(table, ExampleSource)
    assert table.content({"columns": NO_COLUMNS | columns}) == content


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.source is digit, .* Did you mean digits\?"):
        source_of(a_data(source="digit"))


@pytest.mark.parametrize("name", ["digits", "idx"])
@pytest.mark.parametrize("option", [{"size": [8, 8]}, {"range": [0.0, 1.0]}])
def test_pixels_are_not_converted_as_image_files_are(
    tmp_path: Path, name: str, option: dict[str, Any]
) -> None:
    data = a_data(source=name, path=".", image=option)
    source = source_of(data)
    assert isinstance(source, ExampleSource)
    with pytest.raises(ConfigError, match=r"data\.image\.\w+ is set, but .*Set it to null"):
        source.read(data, tmp_path)
