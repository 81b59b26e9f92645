"""Serving: one call with the rows of the batch, without padding."""

from typing import Any

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import GPT2, small_corpus
from support.examples.image_examples import ENCODER, image_examples
from support.examples.text_examples import BERT, frame
from support.examples.text_examples import ENCODER as TEXTS
from torch import nn

from stillroom.data.text.token_layout import TOKENS
from stillroom.models.architecture_registry import build
from stillroom.models.forward import serving as module
from stillroom.models.forward.serving import serving
from stillroom.models.shape import Shape


def seen_by(model: nn.Module, layer: type[nn.Module]) -> list[tuple[int, ...]]:
    """Return a list that receives the shape of each input of the first layer of this kind."""
    shapes: list[tuple[int, ...]] = []
    first = next(one for one in model.modules() if isinstance(one, layer))
    first.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0].shape)))
    return shapes


def test_images_go_in_one_call(tmp_path: Any) -> None:
    inputs = ENCODER.encode(image_examples(tmp_path).examples.read().head(3))
    model = build("mlp", {"hidden": [4]}, Shape.of(ENCODER), seed=0).eval()
    seen = seen_by(model, nn.Linear)
    serving(model)(inputs)
    assert seen == [(3, 64)]


@pytest.mark.parametrize("rows", [1, 3])
def test_texts_are_cut_to_the_longest_among_them(rows: int) -> None:
    inputs = TEXTS.encode(frame("short", "longer than that is", "the longest of them is this one"))
    inputs = inputs[:rows]
    model = build("transformer", BERT, Shape.of(TEXTS), seed=0).eval()
    seen = seen_by(model, nn.Embedding)
    serving(model)(inputs)
    longest = int((inputs[:, TOKENS] >= 0).sum(axis=1).max())
    assert seen == [(rows, longest)]
    assert longest < inputs.shape[2]


def test_a_sequence_that_is_short_is_run_once_and_as_short_as_it_is(tmp_path: Any) -> None:
    made = small_corpus(tmp_path)
    inputs = made.fitted.encode(made.examples.read().head(1))
    inputs[:, :, 5:] = -1
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    seen = seen_by(model, nn.Embedding)
    serving(model)(inputs)
    assert seen == [(1, 5)]


def test_logits_that_memory_does_not_hold_are_made_in_parts(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = small_corpus(tmp_path)
    inputs = np.repeat(made.fitted.encode(made.examples.read().head(1)), 5, axis=0)
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    length = int((inputs[0, TOKENS] >= 0).sum())
    monkeypatch.setattr(module, "MOST_LOGITS", 2 * length * model.config.vocab_size)
    seen = seen_by(model, nn.Embedding)
    serving(model)(inputs)
    assert seen == [(2, length), (2, length), (1, length)]


def test_nothing_is_kept_for_a_gradient() -> None:
    model = build("mlp", {"hidden": [4]}, Shape.of(ENCODER), seed=0).eval()
    modes: list[bool] = []
    model.register_forward_pre_hook(lambda *_: modes.append(torch.is_inference_mode_enabled()))
    serving(model)(np.zeros((1, 64), np.float32))
    assert modes == [True]
