"""The section data allows only values in range."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from stillroom.config.compose import compose
from stillroom.config.schema.data_schema import Corpus, Csv, Data, Documents, Limits, Text


@pytest.mark.parametrize(
    ("part", "name", "allowed", "refused"),
    [
        (Text, "length", 4, 3),
        (Text, "length", 2**16, 2**16 + 1),
        (Text, "vocabulary", 1, 0),
        (Text, "encoding", "tokens", "words"),
        (Documents, "cut", "line", "word"),
        (Documents, "join", 0, -1),
        (Documents, "longest", 1, 0),
        (Corpus, "task", "masked_token", "translation"),
        (Corpus, "mask_share", 0.15, 0.0),
        (Corpus, "mask_share", 0.99, 1.0),
        (Csv, "delimiter", "semicolon", ";"),
        (Csv, "delimiter", None, 0),
        (Limits, "bytes", 1, 0),
        (Limits, "rows", 1, -1),
    ],
)
def test_values_are_in_range(
    project: Path, part: type, name: str, allowed: object, refused: object
) -> None:
    values = compose(project)["data"][part.__name__.lower()]
    assert getattr(part(**values | {name: allowed}), name) == allowed
    with pytest.raises(ValidationError, match=name):
        part(**values | {name: refused})


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("label_fraction", 0.0),
        ("labels_per_class", 0),
        ("source", 3),
        ("test", 1.5),
        ("normalise_labels", "drop"),
        ("follow_links", 3),
    ],
)
def test_values_of_the_section_itself_are_in_range(
    project: Path, name: str, refused: object
) -> None:
    with pytest.raises(ValidationError, match=name):
        Data(**compose(project)["data"] | {name: refused})
