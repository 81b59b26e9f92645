"""The perceptron: its size, its units, and options that it refuses."""

import pytest
import torch

from stillroom.errors import ConfigError
from stillroom.models.architectures.mlp import MlpKind
from stillroom.models.shape import Shape

IMAGES = Shape((1, 28, 28), tuple("0123456789"))


def parameters(hidden: list[int]) -> int:
    return sum(p.numel() for p in MlpKind(hidden=hidden).build(IMAGES).parameters())


def test_its_parameters_are_those_of_a_count_by_hand() -> None:
    assert parameters([64]) == 784 * 64 + 64 + 64 * 10 + 10
    assert parameters([800, 800]) == 784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10
    assert parameters([]) == 784 * 10 + 10


def test_logits_and_units_are_those_of_the_layers_by_hand() -> None:
    torch.manual_seed(0)
    model = MlpKind(hidden=[3, 5]).build(Shape((2, 2), ("a", "b"))).eval()
    inputs = torch.randn(4, 2, 2)
    output = model(inputs, output_hidden_states=True)
    first, second, last = [layer for layer in model.layers if isinstance(layer, torch.nn.Linear)]
    units = (inputs.flatten(1) @ first.weight.T + first.bias).clamp(min=0)
    more = (units @ second.weight.T + second.bias).clamp(min=0)
    assert [tuple(states.shape) for states in output.hidden_states] == [(4, 3), (4, 5)]
    torch.testing.assert_close(output.hidden_states[0], units)
    torch.testing.assert_close(output.hidden_states[1], more)
    torch.testing.assert_close(output.logits, more @ last.weight.T + last.bias)
    assert model(inputs).hidden_states is None


def test_dropout_is_for_training_alone() -> None:
    model = MlpKind(hidden=[400], dropout=0.5).build(Shape((50,), ("a", "b")))
    (units,) = model.train()(torch.ones(1, 50), output_hidden_states=True).hidden_states
    (calm,) = model.eval()(torch.ones(1, 50), output_hidden_states=True).hidden_states
    alive = calm > 0
    assert 0.3 < float((units[alive] == 0).float().mean()) < 0.7
    assert model(torch.ones(1, 50)).logits.equal(model(torch.ones(1, 50)).logits)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hidden": "64"}, "it must be a list"),
        ({"hidden": [0]}, "it must be at least 1"),
        ({"hidden": [True]}, "it must be a whole number"),
        ({"dropout": 1.5}, "it must be less than 1"),
        ({"dropout": 1}, "it must be less than 1"),
        ({"dropout": "0.1"}, "it must be a number, not a text"),
        ({"hiden": [3]}, "Did you mean options.hidden"),
    ],
)
def test_what_is_no_size_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        MlpKind.of(options, "options")
