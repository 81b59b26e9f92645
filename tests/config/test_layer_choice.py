"""The layers that a student copies: even distances, and options that are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.config.layer_choice import LayerChoice
from stillroom.errors import ConfigError


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": 3, "hidden_size": 8}, "only option of from_teacher is layers, not hidden_size"),
        ({"layers": "3"}, "layers is '3'. Set it to half, to a number"),
        ({"layers": 0}, "Set it to half, to a number"),
        ({"layers": True}, "Set it to half, to a number"),
        ({"layers": []}, "Set it to half, to a number"),
        ({}, "layers is None"),
    ],
    ids=str,
)
def test_other_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        LayerChoice.of(options)


def test_a_list_a_number_and_half_are_choices() -> None:
    given = [LayerChoice.of({"layers": value}) for value in ([0, 2], 3, "half")]
    assert given == [LayerChoice((0, 2)), LayerChoice(3), LayerChoice("half")]


def test_of_twelve_layers_six_are_those_of_distilbert() -> None:
    # Hugging Face's own script for DistilBERT takes layers 0 2 4 7 9 11 of BERT's twelve.
    assert LayerChoice(6).indices(12) == LayerChoice("half").indices(12) == [0, 2, 4, 7, 9, 11]
    assert [LayerChoice("half").indices(count) for count in (1, 2, 3, 5)] == [[0], [0], [0], [0, 4]]


@given(st.integers(1, 40), st.data())
def test_a_number_of_layers_is_so_many_with_both_ends(count: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(1, count))
    layers = LayerChoice(wanted).indices(count)
    assert len(set(layers)) == wanted
    assert layers == sorted(layers)
    assert layers[0] == 0
    assert wanted == 1 or layers[-1] == count - 1
