"""The residual network: its size by hand, and what it refuses."""

import pytest
import torch

from stillroom.errors import ConfigError, ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.architectures.resnet import ResnetKind
from stillroom.models.shape import Shape

IMAGES = Shape((1, 28, 28), tuple("0123456789"))
SMALL = {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1], "layer_type": "basic"}


def test_its_parameters_are_those_of_a_count_by_hand() -> None:
    norm = {width: 2 * width for width in (4, 8)}  # a scale and a shift per channel
    stem = 4 * 1 * 7 * 7 + norm[4]
    same = 2 * (4 * 4 * 9 + norm[4])
    wider = (8 * 4 * 9 + norm[8]) + (8 * 8 * 9 + norm[8]) + (8 * 4 + norm[8])  # and the shortcut
    model = ResnetKind(**SMALL).build(IMAGES)
    assert sum(p.numel() for p in model.parameters()) == stem + same + wider + 8 * 10 + 10


def test_it_takes_images_and_names_the_classes() -> None:
    model = ResnetKind(**SMALL).build(IMAGES).eval()
    assert model(torch.zeros(2, 1, 28, 28)).logits.shape == (2, 10)
    assert model.config.id2label[9] == "9"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"depth": [1]}, "Did you mean options.depths"),
        ({**SMALL, "layer_type": "nope"}, "one of: basic, bottleneck"),
        ({**SMALL, "depths": []}, "cannot be built"),
    ],
)
def test_what_is_no_network_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises((ConfigError, ModelError), match=words):
        ResnetKind.of(options, "options").build(IMAGES)


def test_features_are_refused_with_the_way_out() -> None:
    with pytest.raises(ModelError, match="Choose one of: mlp"):
        build("resnet", SMALL, Shape((20,), ("a", "b")), 0)
