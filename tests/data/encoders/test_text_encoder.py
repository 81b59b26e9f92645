"""Token encoders: the ids of a text between the special ones, truncated if it is too long."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.examples.corpus_examples import sentences
from support.examples.text_examples import ENCODER, LENGTH, TOKENIZER, frame

from stillroom.data.encoders import TokenEncoder, read_encoder, write_encoder
from stillroom.data.text.token_layout import LABELS, POSITIONS, TOKENS
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError, DataError
from stillroom.io.json.json_files import read_json, write_json

(BEGIN,), (END,) = TOKENIZER.special_affixes()


def test_a_text_stands_between_the_tokenizers_own_tokens() -> None:
    ids = TOKENIZER.encode(["a card"])[0].ids.tolist()
    (row,) = ENCODER.encode(frame("a card"))
    filled = LENGTH - len(ids) - 2
    assert row[TOKENS].tolist() == [BEGIN, *ids, END] + [-1] * filled
    assert row[POSITIONS].tolist() == [*range(len(ids) + 2)] + [-1] * filled
    assert (row[LABELS] == -1).all()


def test_a_long_text_is_cut_and_keeps_what_stands_around_it() -> None:
    ids = TOKENIZER.encode(["card " * 40])[0].ids.tolist()
    (row,) = ENCODER.encode(frame("card " * 40))
    assert row[TOKENS].tolist() == [BEGIN, *ids[: LENGTH - 2], END]


def test_those_that_are_cut_are_counted() -> None:
    just = TOKENIZER.decode(TOKENIZER.encode(["card " * 40])[0].ids[: LENGTH - 2])
    assert len(TOKENIZER.encode([just])[0].ids) == LENGTH - 2
    assert ENCODER.count_truncated(frame("a card", just, just + " card", "card " * 40)) == 2


def test_a_special_token_that_is_written_out_is_text() -> None:
    (row,) = ENCODER.encode(frame("<|endoftext|>"))
    assert (row[TOKENS] == END).sum() == 1


def test_a_text_without_a_token_is_refused_where_none_stands_around_it() -> None:
    plain = TokenEncoder.of(train_tokenizer(["some text"], 260), ("a", "b"), 8)
    assert (plain.encode(frame("x"))[0, TOKENS] >= 0).sum() == 1
    with pytest.raises(DataError, match="Row 1 of the examples has no token"):
        plain.encode(frame("x", ""))
    assert (ENCODER.encode(frame(""))[0, TOKENS] >= 0).sum() == 2


@pytest.mark.parametrize("rows", [pl.DataFrame({"image": [b""]}), pl.DataFrame({"text": [None]})])
def test_what_is_no_text_is_refused(rows: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="needs a text in each row"):
        ENCODER.encode(rows)


def test_a_length_without_room_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"length is 2, .* 2 special tokens .* Set it to at least 3"
    ):
        TokenEncoder.of(TOKENIZER, ("a", "b"), 2)


def test_an_encoder_survives_its_folder(tmp_path: Path) -> None:
    write_encoder(ENCODER, tmp_path)
    assert read_encoder(tmp_path) == ENCODER
    assert (ENCODER.shape, ENCODER.outputs, ENCODER.kind) == ((3, LENGTH), 3, "tokens")


@pytest.mark.parametrize(
    "change",
    [{"classes": ["a"]}, {"classes": ["a", "a"]}, {"classes": "ab"}, {"length": "24"},
     {"length": 2**20}, {"before": [7]}, {"vocabulary": 3}, {"tokenizer": "0" * 64}, {"more": 1}],
    ids=str,
)  # fmt: skip
def test_a_document_of_another_encoder_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_encoder(ENCODER, tmp_path)
    document = read_json(tmp_path / "encoder.json")
    assert isinstance(document, dict)
    write_json(tmp_path / "encoder.json", document | change)
    with pytest.raises(DataError, match="Run the ingest stage again"):
        read_encoder(tmp_path)


def test_another_tokenizer_beside_an_encoder_is_refused(tmp_path: Path) -> None:
    write_encoder(ENCODER, tmp_path)
    document = read_json(tmp_path / "encoder.json")
    other = train_tokenizer(sentences(40), 320, "classification")
    write_encoder(TokenEncoder.of(other, ENCODER.classes, LENGTH), tmp_path)
    write_json(tmp_path / "encoder.json", document)
    with pytest.raises(
        DataError, match=r"was made with the tokenizer .*, but the tokenizer beside it is"
    ):
        read_encoder(tmp_path)
