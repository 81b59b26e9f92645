"""The registry of architectures: names, options, seeds."""

import pytest
import torch

from stillroom.errors import ConfigError, ModelError
from stillroom.models.architecture_registry import REGISTRY, build
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
        ("mlp", {"hiden": [3]}, "Did you mean architecture.options.hidden"),
        ("resnet", {"depth": [1]}, "Did you mean architecture.options.depths"),
    ],
)
def test_an_unknown_name_or_option_is_named(
    name: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        build(name, options, IMAGES, seed=0)


@pytest.mark.parametrize(
    ("name", "inputs"), [("resnet", (20,)), ("transformer", (20,)), ("transformer", (1, 28, 28))]
)
def test_inputs_that_an_architecture_does_not_take_are_refused(
    name: str, inputs: tuple[int, ...]
) -> None:
    with pytest.raises(ModelError, match=rf"{name} takes .* Choose one of: mlp"):
        build(name, {}, Shape(inputs, ("a", "b")), seed=0)


def test_what_the_architectures_take() -> None:
    takes = {name: set(REGISTRY.load(name).takes) for name in REGISTRY.builtin}
    assert takes == {
        "mlp": {"images", "numbers"},
        "resnet": {"images"},
        "transformer": {"tokens", "running_text"},
    }
