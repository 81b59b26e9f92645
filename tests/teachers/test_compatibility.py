"""Compatibility: classes by name and order, tokens by the hash of their tokenizer."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.examples.corpus_examples import sentences
from support.examples.image_examples import ENCODER

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError
from stillroom.teachers.compatibility import require_compatible

SEQUENCES = SequenceEncoder(
    tokenizer=train_tokenizer(sentences(40), 300), task="next_token", length=16
)
OTHER = replace(SEQUENCES, tokenizer=train_tokenizer(sentences(40, seed=1), 290))


def test_equal_outputs_are_compatible_regardless_of_the_inputs() -> None:
    require_compatible(ENCODER, replace(ENCODER, mean=(0.5,)), Path("t"))
    require_compatible(SEQUENCES, replace(SEQUENCES, length=8), Path("t"))


def test_other_classes_are_refused() -> None:
    turned = replace(ENCODER, classes=ENCODER.classes[::-1])
    with pytest.raises(ModelError, match=r"t has 3 classes \(plain, down, .*\(across"):
        require_compatible(turned, ENCODER, Path("t"))


def test_another_tokenizer_is_refused_with_what_to_do() -> None:
    with pytest.raises(ModelError, match=r"of 290 tokens, .* of 300\. .*data\.text\.tokenizer"):
        require_compatible(OTHER, SEQUENCES, Path("t"))


def test_another_task_is_refused() -> None:
    masked = replace(SEQUENCES, task="masked_token")
    with pytest.raises(ModelError, match=r"the masked token, .*task is next_token"):
        require_compatible(masked, SEQUENCES, Path("t"))


@pytest.mark.parametrize("turned", [False, True])
def test_tokens_are_no_classes(turned: bool) -> None:
    pair = (ENCODER, SEQUENCES)[:: -1 if turned else 1]
    with pytest.raises(ModelError, match="300 tokens"):
        require_compatible(*pair, Path("t"))
