"""The registry of architectures: names, options, seeds."""

import pytest
import torch

from stillroom.errors import ModelError
from stillroom.models.registry import build, builders
from stillroom.models.shape import Shape

IMAGES = Shape((1, 28, 28), tuple("0123456789"))
RESNET = {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1], "layer_type": "basic"}


@pytest.mark.parametrize(("name", "options"), [("mlp", {"hidden": [8]}), ("resnet", RESNET)])
def test_weights_are_a_function_of_the_seed_alone(name: str, options: dict[str, object]) -> None:
    torch.manual_seed(1)
    first = build(name, options, IMAGES, seed=3).state_dict()
    torch.manual_seed(2)
    again = build(name, options, IMAGES, seed=3).state_dict()
    other = build(name, options, IMAGES, seed=4).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_building_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    build("mlp", {"hidden": [8]}, IMAGES, seed=3)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("reznet", {}, "Did you mean resnet"),
        ("mlp", {"hiden": [3]}, "Did you mean hidden"),
        ("resnet", {"depth": [1]}, "Did you mean depths"),
    ],
)
def test_an_unknown_name_or_option_is_named(
    name: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        build(name, options, IMAGES, seed=0)


def test_the_built_in_names_are_there() -> None:
    assert {"mlp", "resnet"} <= set(builders())
