"""Encoders on disk: each kind is read back, with its tokenizer if it has one."""

import json
from pathlib import Path

import pytest
from support.examples.corpus_examples import sentences
from support.examples.image_examples import ENCODER

from stillroom.data.encoders import (
    Encoder,
    SequenceEncoder,
    read_encoder,
    read_given_encoder,
    write_encoder,
)
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError

SEQUENCES = SequenceEncoder(
    tokenizer=train_tokenizer(sentences(40), 300), task="masked_token", length=16
)


@pytest.mark.parametrize(
    ("encoder", "files"),
    [
        (ENCODER, {"encoder.json"}),
        (SEQUENCES, {"encoder.json", "tokenizer.json", "tokenizer_config.json"}),
    ],
    ids=["array", "sequence"],
)
def test_an_encoder_comes_back(tmp_path: Path, encoder: Encoder, files: set[str]) -> None:
    write_encoder(encoder, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == files
    assert read_encoder(tmp_path) == encoder


def test_beside_a_model_it_has_another_name(tmp_path: Path) -> None:
    write_encoder(ENCODER, tmp_path, "preprocessor_config.json")
    assert read_encoder(tmp_path, "preprocessor_config.json") == ENCODER
    with pytest.raises(DataError, match=r"encoder\.json does not exist"):
        read_encoder(tmp_path)


def test_without_its_tokenizer_it_is_refused(tmp_path: Path) -> None:
    write_encoder(SEQUENCES, tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(DataError, match=r"tokenizer\.json does not exist"):
        read_encoder(tmp_path)


def test_that_of_others_is_equal_but_its_tokenizer_is_bounded(tmp_path: Path) -> None:
    write_encoder(SEQUENCES, tmp_path)
    assert read_given_encoder(tmp_path, "encoder.json") == SEQUENCES
    definition = json.loads((tmp_path / "tokenizer.json").read_text())
    definition["added_tokens"].append({"id": 2**31 - 2, "content": "x"})
    (tmp_path / "tokenizer.json").write_text(json.dumps(definition))
    with pytest.raises(DataError, match=r"2,147,483,646 as the largest id"):
        read_given_encoder(tmp_path, "encoder.json")
