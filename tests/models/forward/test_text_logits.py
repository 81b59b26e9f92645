"""Texts: outputs are bit-identical regardless of the batch, and padding changes nothing."""

from typing import Any

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import sentences
from support.examples.text_examples import ENCODER, LENGTH, frame, texts

from stillroom.data.encoders import TokenEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import (
    batches_of_logits,
    batches_of_logits_and_features,
    logits,
)
from stillroom.models.forward.forward_kwargs import forward_kwargs
from stillroom.models.forward.hidden_states import feature_width
from stillroom.models.forward.text_logits import (
    fixed_batches,
    in_order,
    outputs_in_order,
    trimmed,
)
from stillroom.models.shape import Shape

ROWS = ENCODER.encode(frame(*(text for text, _ in texts(70))))
FEED = {"intermediate_size": 48, "hidden_size": 32, "num_hidden_layers": 2}
KINDS: dict[str, dict[str, Any]] = {
    "bert": FEED | {"num_attention_heads": 2},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48},
    "roberta": FEED | {"num_attention_heads": 2},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2},
    "llama": FEED | {"num_attention_heads": 2, "num_key_value_heads": 1},
}


def model_of(kind: str, encoder: TokenEncoder = ENCODER) -> Any:
    options = {"model_type": kind, **KINDS[kind]}
    return build("transformer", options, Shape.of(encoder), seed=0).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_answers_alike_wherever_it_stands(kind: str) -> None:
    model = model_of(kind)
    whole = logits(model, ROWS, batch_size=16)
    order = np.random.default_rng(1).permutation(70)
    assert whole.shape == (70, 3)
    assert (logits(model, ROWS[order], 16) == whole[order]).all()
    assert (logits(model, ROWS[[41]], 16) == whole[[41]]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_answers_as_alone_without_padding(kind: str) -> None:
    model = model_of(kind)
    together = logits(model, ROWS[:6], batch_size=4)
    for row, padded in zip(ROWS[:6], together, strict=True):
        ids = torch.from_numpy(row[0][row[0] >= 0]).long()[None]
        with torch.inference_mode():
            alone = model(input_ids=ids).logits[0].numpy()
        np.testing.assert_allclose(padded, alone, atol=1e-5)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_decoder_without_padding_of_its_own_fills_up_with_the_end(kind: str) -> None:
    encoder = TokenEncoder.of(train_tokenizer(sentences(40), 300), ("a", "b"), 16)
    model = model_of(kind, encoder)
    rows = encoder.encode(frame("the cat", "my aunt sees nobody"))
    ids = torch.from_numpy(rows[0, 0][rows[0, 0] >= 0]).long()[None]
    with torch.inference_mode():
        alone = model(input_ids=ids).logits[0].numpy()
    np.testing.assert_allclose(logits(model, rows, 2)[0], alone, atol=1e-5)


def test_what_stands_in_the_padding_changes_nothing() -> None:
    model = model_of("bert")
    given = forward_kwargs(model, torch.from_numpy(ROWS[:8]))
    other = {**given, "input_ids": torch.where(given["attention_mask"] > 0, given["input_ids"], 9)}
    with torch.inference_mode():
        assert (model(**given).logits == model(**other).logits).all()


def test_a_batch_has_as_many_rows_as_its_length_allows() -> None:
    seen = []

    def lengths_of(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        seen.append(tuple(batch.shape))
        return ((batch[:, 0] >= 0).sum(dim=1),)

    (lengths,) = outputs_in_order(lengths_of, ROWS, batch_size=20)
    assert lengths.tolist() == (ROWS[:, 0] >= 0).sum(axis=1).tolist()
    assert set(seen) == {(20, 3, 16), (20, 3, LENGTH)}  # 512 tokens would be 32 and 21 rows


def test_pooled_features_are_the_mean_over_tokens() -> None:
    model = model_of("bert")
    ((_, pooled),) = batches_of_logits_and_features(model, ROWS[:3], 4)
    ids = torch.from_numpy(ROWS[1, 0][ROWS[1, 0] >= 0]).long()[None]
    with torch.inference_mode():
        states = model(input_ids=ids, output_hidden_states=True).hidden_states[-1]
    torch.testing.assert_close(pooled[1], states[0].mean(dim=0), atol=1e-5, rtol=0)
    assert feature_width(model, ENCODER.shape) == 32


def test_no_rows_have_no_answers() -> None:
    assert list(batches_of_logits(model_of("bert"), ROWS[:0], 4)) == []


def test_columns_of_padding_alone_are_left_out() -> None:
    rows = torch.from_numpy(ENCODER.encode(frame("a card", "where is my card?")))
    longest = int((rows[:, 0] >= 0).sum(dim=1).max())
    assert trimmed(rows).shape == (2, 3, longest)
    assert (trimmed(rows) == rows[:, :, :longest]).all()
    assert trimmed(rows[:0]).shape == (0, 3, LENGTH)


def test_batches_have_one_length_and_a_size_that_depends_only_on_it() -> None:
    lengths = [3, 16, 17, 24, 16, 20]
    inputs = np.full((6, 3, LENGTH), -1, np.int32)
    for row, length in zip(inputs, lengths, strict=True):
        row[:, :length] = 1
    # 512 tokens are 32 rows of 16, or 21 of 24, the longest length.
    batches = [(rows.tolist(), *shape) for rows, *shape in fixed_batches(inputs, 64)]
    assert batches == [([0, 1, 4], 16, 32), ([2, 3, 5], 24, 21)]
    batches = [(rows.tolist(), *shape) for rows, *shape in fixed_batches(inputs, 2)]
    assert batches == [([0, 1], 16, 2), ([4], 16, 2), ([2, 3], 24, 2), ([5], 24, 2)]


def test_outputs_of_batches_come_back_in_the_order_of_the_rows() -> None:
    padded = torch.tensor([[9.0], [8.0], [0.0]])
    (outputs,) = in_order(
        [(np.array([2, 0]), (padded,)), (np.array([1]), (torch.tensor([[7.0], [0.0]]),))]
    )
    assert outputs.tolist() == [[8.0], [7.0], [9.0]]
