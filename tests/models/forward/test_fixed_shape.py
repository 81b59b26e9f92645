"""Fixed shapes: the logits of a row are bit-identical regardless of the other rows."""

import numpy as np
import pytest

from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import batches_of_logits, logits
from stillroom.models.shape import Shape

RESNET = {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [1, 1], "layer_type": "basic"}
INPUTS = np.random.default_rng(0).normal(size=(23, 1, 28, 28)).astype(np.float32)


@pytest.mark.parametrize(("name", "options"), [("mlp", {"hidden": [64]}), ("resnet", RESNET)])
def test_a_row_answers_alike_wherever_it_stands(name: str, options: dict[str, object]) -> None:
    model = build(name, options, Shape((1, 28, 28), tuple("abc")), seed=0).eval()
    whole = logits(model, INPUTS, batch_size=8)
    assert whole.shape == (23, 3)
    order = np.random.default_rng(1).permutation(23)
    assert (logits(model, INPUTS[order], 8) == whole[order]).all()
    assert (logits(model, INPUTS[[22]], 8) == whole[[22]]).all()


def test_batches_come_in_order_and_padding_is_dropped() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((1, 28, 28), ("a", "b")), seed=0).eval()
    assert [len(batch) for batch in batches_of_logits(model, INPUTS, 10)] == [10, 10, 3]
