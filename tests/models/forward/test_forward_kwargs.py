"""Keyword arguments: each piece of a pack attends only to itself, in every architecture."""

from typing import Any

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import sentences
from support.examples.text_examples import ENCODER as TEXTS
from support.examples.text_examples import frame
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
)

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.token_layout import NO_TOKEN
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.forward_kwargs import forward_kwargs, is_decoder
from stillroom.models.shape import Shape

TOKENIZER = train_tokenizer(sentences(40), 300)
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
FEED = {"intermediate_size": 48}
GROUPED = SIZES | FEED | {"num_key_value_heads": 1}
DECODERS = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2},
    "llama": GROUPED,
    "qwen3": GROUPED | {"head_dim": 16},
    "gemma3_text": GROUPED | {"head_dim": 16},
}
ENCODERS = {
    "bert": SIZES | FEED,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48},
    "roberta": SIZES | FEED | {"max_position_embeddings": 40},
    "electra": SIZES | FEED | {"embedding_size": 32},
    "eurobert": SIZES | FEED | {"num_key_value_heads": 2},
}


def model_of(model_type: str, options: dict[str, Any], task: Any) -> Any:
    encoder = SequenceEncoder(tokenizer=TOKENIZER, task=task, length=16)
    options = {"model_type": model_type, **options}
    return build("transformer", options, Shape.of(encoder), seed=0).eval()


def pack(*pieces: list[int], length: int = 16) -> torch.Tensor:
    tokens = [token for piece in pieces for token in piece]
    positions = [place for piece in pieces for place in range(len(piece))]
    row = np.full((3, length), NO_TOKEN, np.int32)
    row[0, : len(tokens)], row[1, : len(tokens)] = tokens, positions
    return torch.from_numpy(row)[None]


FIRST, SECOND = [5, 9, 14, 200, 31], [77, 6, 120]


@pytest.mark.parametrize("model_type", [*DECODERS, *ENCODERS])
def test_a_pack_is_answered_as_its_pieces_are_apart(model_type: str) -> None:
    is_causal = model_type in DECODERS
    task = "next_token" if is_causal else "masked_token"
    model = model_of(model_type, (DECODERS | ENCODERS)[model_type], task)
    assert is_decoder(model) == is_causal
    with torch.no_grad():
        together = model(**forward_kwargs(model, pack(FIRST, SECOND))).logits[0]
        for piece, start in ((FIRST, 0), (SECOND, len(FIRST))):
            alone = model(torch.tensor([piece])).logits[0]
            in_pack = together[start : start + len(piece)]
            torch.testing.assert_close(in_pack, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model_type", ["gpt2", "bert", "roberta"])
def test_padding_changes_nothing(model_type: str) -> None:
    is_causal = model_type in DECODERS
    task = "next_token" if is_causal else "masked_token"
    model = model_of(model_type, (DECODERS | ENCODERS)[model_type], task)
    with torch.no_grad():
        padded = model(**forward_kwargs(model, pack(FIRST))).logits[0, : len(FIRST)]
        plain = model(**forward_kwargs(model, pack(FIRST, length=len(FIRST)))).logits[0]
    torch.testing.assert_close(padded, plain, rtol=1e-4, atol=1e-5)


def test_floats_are_the_main_input() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b")), seed=0)
    inputs = torch.zeros(2, 3)
    assert forward_kwargs(model, inputs) == {"inputs": inputs}


def test_a_classifier_that_names_no_padding_is_refused() -> None:
    model = build("transformer", {"model_type": "gpt2", **DECODERS["gpt2"]}, Shape.of(TEXTS), 0)
    model.config.pad_token_id = None
    with pytest.raises(ModelError, match="has no pad_token_id"):
        forward_kwargs(model, torch.from_numpy(TEXTS.encode(frame("a card"))))


def image_text_model() -> Any:
    text = GROUPED | {"head_dim": 16, "vocab_size": 320, "pad_token_id": 0}
    vision = SIZES | FEED | {"image_size": 28, "patch_size": 14}
    torch.manual_seed(0)
    config = Gemma3Config(text_config=text, vision_config=vision)
    return Gemma3ForConditionalGeneration(config).eval()


def test_a_model_of_images_and_texts_reads_texts_as_a_decoder() -> None:
    model = image_text_model()
    assert is_decoder(model)
    with torch.no_grad():
        ours = model(**forward_kwargs(model, pack(FIRST))).logits[0, : len(FIRST)]
        alone = model(torch.tensor([FIRST])).logits[0]
    torch.testing.assert_close(ours, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("model_type", "causal", "expected"),
    [("flaubert", False, False), ("xlm", False, False), ("xlm", True, True)],
)
def test_language_models_of_old_names_are_what_they_attend_to(
    model_type: str, causal: bool, expected: bool
) -> None:
    sizes = {"emb_dim": 16, "n_layers": 1, "n_heads": 2, "vocab_size": 40}
    config = AutoConfig.for_model(model_type, causal=causal, **sizes)
    assert is_decoder(AutoModelForMaskedLM.from_config(config)) == expected
