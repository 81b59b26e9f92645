"""Tokenizers: when two are equal, the files that they are read from, and refusals."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from support.examples.corpus_examples import sentences

from stillroom.config.tokenizer_files import CONFIG, DEFINITION
from stillroom.data.text.tokenizer import (
    SpecialTokens,
    Tokenizer,
    read_tokenizer,
    write_tokenizer,
)
from stillroom.data.text.train_tokenizer import END, train_tokenizer
from stillroom.errors import DataError

MADE = train_tokenizer(sentences(40), 300)


def changed(**values: Any) -> Tokenizer:
    return Tokenizer(json.dumps(json.loads(MADE.definition) | values, indent=4), MADE.special)


def test_a_tokenizer_survives_the_folder_and_the_journey_to_another_process(
    tmp_path: Path,
) -> None:
    write_tokenizer(MADE, tmp_path)
    assert read_tokenizer(tmp_path) == MADE
    assert pickle.loads(pickle.dumps(MADE)) == MADE  # noqa: S301  (what loaders travel as)
    assert hash(read_tokenizer(tmp_path)) == hash(MADE)


def test_what_is_written_is_what_transformers_reads(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    write_tokenizer(MADE, tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    text = "the cat likes my aunt."
    assert theirs(text)["input_ids"] == MADE.encode([text])[0].ids.tolist()
    assert (theirs.eos_token, theirs.pad_token, theirs.mask_token_id) == (END, END, MADE.mask)


def test_the_form_of_the_file_is_not_who_the_tokenizer_is() -> None:
    padded = changed(padding={"strategy": "BatchLongest", "direction": "Right", "pad_id": 0,
                              "pad_to_multiple_of": None, "pad_type_id": 0, "pad_token": END},
                     truncation={"max_length": 2, "strategy": "LongestFirst", "stride": 0,
                                 "direction": "Right"})  # fmt: skip
    assert padded == MADE
    assert (
        padded.encode(["the cat likes"])[0].ids.tolist()
        == MADE.encode(["the cat likes"])[0].ids.tolist()
    )
    other = changed(normalizer={"type": "Lowercase"})
    assert other != MADE
    assert other.sha256 != MADE.sha256


def test_other_special_tokens_are_another_tokenizer() -> None:
    assert Tokenizer(MADE.definition, SpecialTokens(end=END)) != MADE


def test_tokens_know_the_characters_that_they_stand_for() -> None:
    text = "the cat é sees"
    (encoded,) = MADE.encode([text])
    assert encoded.starts[0] == 0
    assert encoded.ends[-1] == len(text)
    assert (encoded.starts[1:] >= encoded.starts[:-1]).all()


def test_special_tokens_are_read_as_text_or_as_objects(tmp_path: Path) -> None:
    write_tokenizer(MADE, tmp_path)
    (tmp_path / CONFIG).write_text(
        json.dumps({"eos_token": {"content": END, "lstrip": False}, "pad_token": END, "x": 1})
    )
    assert read_tokenizer(tmp_path).special == SpecialTokens(end=END, padding=END)
    (tmp_path / CONFIG).unlink()
    assert read_tokenizer(tmp_path).special == SpecialTokens()
    assert read_tokenizer(tmp_path).end is None


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json does not exist\. Choose a folder"):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(b"x")
    with pytest.raises(DataError, match=r"tokenizer\.model is a slow tokenizer"):
        read_tokenizer(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"model": 3}', b"\xff", b'{"version": "1.0", "model": {}}'],
)
def test_what_is_no_tokenizer_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DEFINITION).write_bytes(content)
    with pytest.raises(DataError, match=r"tokenizer\.json is not a tokenizer") as error:
        read_tokenizer(tmp_path)
    assert "\n" not in str(error.value)
