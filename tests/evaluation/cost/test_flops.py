"""FLOPs of one model of each kind, counted by hand: 2 for each multiply-accumulate."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
)

from stillroom.data.text.token_layout import LABELS, POSITIONS, TOKENS, Sequences
from stillroom.errors import DataError
from stillroom.evaluation.cost.flops import flops_of
from stillroom.models.architecture_registry import build
from stillroom.models.forward.serving import serving
from stillroom.models.shape import Shape

IMAGE = np.zeros((1, 1, 16, 16), np.float32)
CLASSES = ("a", "b", "c")
RESNET: dict[str, Any] = {
    "embedding_size": 4,
    "hidden_sizes": [4, 8],
    "depths": [1, 1],
    "layer_type": "basic",
}


def sequence(tokens: int, length: int = 16) -> Sequences:
    """Return one piece of this many tokens with padding, [1, 3, length]."""
    row = np.full((1, 3, length), -1, np.int32)
    row[0, TOKENS, :tokens] = np.arange(tokens)
    row[0, POSITIONS] = np.arange(length)
    row[0, LABELS, : tokens - 1] = np.arange(1, tokens)
    return row


def bert(**changes: Any) -> PreTrainedModel:
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "vocab_size": 50,
        "max_position_embeddings": 16,
        "num_labels": 3,
        "pad_token_id": 0,
    }
    return BertForSequenceClassification(BertConfig(**sizes | changes)).eval()


def llama() -> PreTrainedModel:
    config = LlamaConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=24,
        vocab_size=50,
        max_position_embeddings=16,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


def test_a_perceptron() -> None:
    model = build("mlp", {"hidden": [8]}, Shape((1, 16, 16), CLASSES), seed=0).eval()
    assert flops_of(serving(model), IMAGE) == 2 * (256 * 8 + 8 * 3)


def test_a_residual_network() -> None:
    model = build("resnet", RESNET, Shape((1, 16, 16), CLASSES), seed=0).eval()
    # Positions * channels out * channels in * kernel. 16 x 16 becomes 8 x 8 by the first stride,
    # 4 x 4 by the pooling, 2 x 2 by the second stage, which has a layer in its shortcut.
    stem = 8 * 8 * 4 * 1 * 7 * 7
    first = 2 * (4 * 4 * 4 * 4 * 3 * 3)
    second = 2 * 2 * 8 * (4 * 3 * 3 + 8 * 3 * 3 + 4 * 1 * 1)
    assert flops_of(serving(model), IMAGE) == 2 * (stem + first + second + 8 * 3)


def test_a_classifier_of_texts_without_what_fills_them_up() -> None:
    # Four projections, feed-forward up and down; then scores, and the values that they weight.
    layer = 4 * 10 * 16 * 16 + 2 * 10 * 16 * 32 + 2 * 10 * 10 * 16
    pooler, output = 16 * 16, 16 * 3
    expected = 2 * (2 * layer + pooler + output)
    assert flops_of(serving(bert()), sequence(10)) == expected


def test_a_decoder_whose_heads_share_keys() -> None:
    # Queries and output of 16, keys and values of 2 * 4; gate, up, down; all scores of 4 heads of
    # 4, although half of them are masked; logits of each position.
    projections = 12 * 16 * (16 + 16 + 8 + 8)
    feed_forward = 3 * 12 * 16 * 24
    attention = 2 * 4 * 12 * 12 * 4
    output = 12 * 16 * 50
    expected = 2 * (projections + feed_forward + attention + output)
    assert flops_of(serving(llama()), sequence(12)) == expected


@pytest.mark.parametrize("mask", [None, torch.ones(1, 2, 5, 7, dtype=torch.bool)])
def test_attention_on_the_cpu_is_counted_with_and_without_a_mask(mask: Any) -> None:
    # 2 heads of 3, 5 queries, 7 keys: scores and weighted values.
    query, key = torch.ones(1, 2, 5, 3), torch.ones(1, 2, 7, 3)

    def attend(_: object) -> None:
        torch.nn.functional.scaled_dot_product_attention(query, key, key, attn_mask=mask)

    assert flops_of(attend, IMAGE) == 2 * 2 * (2 * 5 * 7 * 3)


def test_attention_is_the_same_in_either_implementation() -> None:
    kinds = [serving(bert(attn_implementation=kind)) for kind in ("sdpa", "eager")]
    assert len({flops_of(kind, sequence(10)) for kind in kinds}) == 1


def test_texts_of_several_lengths_count_by_their_mean() -> None:
    forward = serving(llama())
    short, long = flops_of(forward, sequence(4)), flops_of(forward, sequence(12))
    both = np.concatenate([sequence(4), sequence(12)])
    assert flops_of(forward, both) == round((short + long) / 2)


def test_no_input_is_refused() -> None:
    with pytest.raises(DataError, match="at least one is needed"):
        flops_of(lambda batch: batch, IMAGE[:0])
