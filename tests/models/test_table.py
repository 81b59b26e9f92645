"""The table of architectures: names, options, seeds."""

import pytest
import torch

from stillroom.errors import ModelError
from stillroom.models.table import Shape, build, table

IMAGES = Shape((1, 28, 28), tuple("0123456789"))
RESNET = {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1], "layer_type": "basic"}


def test_a_perceptron_of_64_has_the_parameters_of_a_count_by_hand() -> None:
    model = build("mlp", {"hidden": [64]}, IMAGES, seed=0)
    assert sum(p.numel() for p in model.parameters()) == 784 * 64 + 64 + 64 * 10 + 10


def test_hintons_student_has_two_layers_of_800() -> None:
    model = build("mlp", {"hidden": [800, 800]}, IMAGES, seed=0)
    count = 784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10
    assert sum(p.numel() for p in model.parameters()) == count


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
        ("mlp", {"hidden": "64"}, "list of widths"),
        ("mlp", {"hidden": [0]}, "list of widths"),
        ("mlp", {"dropout": 1.5}, "share"),
        ("resnet", {"depth": [1]}, "Did you mean depths"),
        ("resnet", {**RESNET, "layer_type": "nope"}, "cannot be built"),
    ],
)
def test_an_unknown_name_or_option_is_named(
    name: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        build(name, options, IMAGES, seed=0)


def test_a_network_for_images_refuses_features_with_the_way_out() -> None:
    with pytest.raises(ModelError, match="mlp_ensemble"):
        build("resnet", RESNET, Shape((20,), ("a", "b")), seed=0)


def test_the_built_in_names_are_there() -> None:
    assert {"mlp", "resnet"} <= set(table())
