"""Transformers: sized by options and by the data; refused where these do not fit."""

from typing import Any

import pytest
from support.examples.corpus_examples import BERT, GPT2, sentences

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.shape import Shape, Vocabulary

TOKENIZER = train_tokenizer(sentences(40), 300)
SHAPE = Shape.of(SequenceEncoder(tokenizer=TOKENIZER, task="next_token", length=24))


def shape(task: Any, classes: tuple[str, ...] = ()) -> Shape:
    return Shape((3, 24), classes, Vocabulary(300, 24, task, end=0, padding=0))


@pytest.mark.parametrize(
    ("task", "options", "name"),
    [
        ("next_token", GPT2, "GPT2LMHeadModel"),
        ("masked_token", BERT, "BertForMaskedLM"),
        ("classification", BERT, "BertForSequenceClassification"),
    ],
)
def test_the_task_chooses_the_head(task: str, options: dict[str, Any], name: str) -> None:
    model = build("transformer", options, shape(task, ("a", "b", "c")), seed=0)
    assert type(model).__name__ == name
    assert model.config.vocab_size == 300
    assert model.config.num_labels == 3
    assert model.training


def test_the_data_decides_vocabulary_and_length() -> None:
    config = build("transformer", GPT2, SHAPE, seed=0).config
    assert (config.vocab_size, config.max_position_embeddings) == (300, 24)
    assert config.eos_token_id == TOKENIZER.end


def test_a_seed_is_a_model() -> None:
    one, same, other = (
        build("transformer", GPT2, SHAPE, seed=seed).state_dict()["transformer.wte.weight"]
        for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert not (one == other).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "model_type is 'None'"),
        ({"model_type": "gtp2"}, "Did you mean gpt2"),
        ({"model_type": "gpt2", "n_emb": 8}, r"gpt2 has no option n_emb\. Did you mean n_embd"),
        ({"model_type": "gpt2", "vocab_size": 8}, "vocab_size is set from the data"),
        (GPT2 | {"n_embd": 15}, "cannot be built with"),
        (
            GPT2 | {"n_positions": 8},
            r"takes at most 8 tokens, but the sequences have 24\. Set data\.text",
        ),
    ],
    ids=["none", "typo", "option", "data", "sizes", "length"],
)
def test_what_cannot_be_built_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        build("transformer", options, SHAPE, seed=0)


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(ModelError, match=r"transformer takes tokens"):
        build("transformer", GPT2, Shape((1, 8, 8), ("a", "b")), seed=0)
