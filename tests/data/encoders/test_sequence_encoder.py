"""The sequence encoder: tokens, positions and labels worked out by hand; hostile rows refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.examples.corpus_examples import sentences, small_corpus
from transformers import PreTrainedTokenizerFast

from stillroom.data.encoders import SequenceEncoder, read_encoder, write_encoder
from stillroom.data.text.token_layout import LABELS, POSITIONS, TOKENS
from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError
from stillroom.io.json.json_files import read_json, write_json

TOKENIZER = train_tokenizer(sentences(40), 300)
ENCODER = SequenceEncoder(tokenizer=TOKENIZER, task="next_token", length=6)


MASKED = SequenceEncoder(
    tokenizer=train_tokenizer(sentences(40), 300, "masked_token"),
    task="masked_token",
    length=6,
    mask_share=0.4,
    mask_seed=3,
)


def frame(*packs: tuple[list[int], list[int]]) -> pl.DataFrame:
    schema = {"tokens": pl.List(pl.Int32), "starts": pl.List(pl.Int32)}
    return pl.DataFrame(packs, schema=schema, orient="row")


def keyed(*packs: tuple[list[int], list[int]]) -> pl.DataFrame:
    names = [bytes([number]) * 16 for number in range(len(packs))]
    return frame(*packs).with_columns(pl.Series("example_id", names, pl.Binary))


def test_each_piece_counts_from_its_own_start_and_asks_for_what_follows_in_it() -> None:
    encoded = ENCODER.encode(frame(([5, 6, 7, 8, 9], [0, 3]), ([4, 3], [0])))
    assert encoded.dtype == np.int32
    assert encoded[:, TOKENS].tolist() == [[5, 6, 7, 8, 9, -1], [4, 3, -1, -1, -1, -1]]
    assert encoded[:, POSITIONS].tolist() == [[0, 1, 2, 0, 1, -1], [0, 1, -1, -1, -1, -1]]
    assert encoded[:, LABELS].tolist() == [[6, 7, -1, 9, -1, -1], [3, -1, -1, -1, -1, -1]]


def test_only_learnt_tokens_are_labels_and_never_across_pieces() -> None:
    # Learnt are 6, 7, 8 and 4; 8 begins a piece, so nothing predicts it.
    rows = frame(([5, 6, 7, 8, 9, 4], [0, 3])).with_columns(
        learnt=pl.Series([[False, True, True, True, False, True]])
    )
    encoded = ENCODER.encode(rows)
    assert encoded[0, LABELS].tolist() == [6, 7, -1, -1, 4, -1]
    assert encoded[0, TOKENS].tolist() == [5, 6, 7, 8, 9, 4]


@pytest.mark.parametrize("marks", [[[True]], [[1, 1, 1]]])
def test_marks_that_are_not_one_boolean_a_token_are_refused(marks: list[Any]) -> None:
    rows = frame(([5, 6, 7], [0])).with_columns(learnt=pl.Series(marks))
    with pytest.raises(DataError, match="learnt must have one boolean for each token"):
        ENCODER.encode(rows)


def test_a_chat_template_comes_back_and_another_one_is_refused(tmp_path: Path) -> None:
    chat = replace(ENCODER, chat_template="{{ messages }}\n")
    write_encoder(chat, tmp_path)
    assert read_encoder(tmp_path) == chat
    assert (tmp_path / "chat_template.jinja").read_text() == "{{ messages }}\n"
    assert "chat_template" not in ENCODER.to_json()
    (tmp_path / "chat_template.jinja").write_text("{{ other }}")
    with pytest.raises(DataError, match=r"another chat template than the file chat"):
        read_encoder(tmp_path)
    (tmp_path / "chat_template.jinja").unlink()
    with pytest.raises(DataError, match="or that is missing"):
        read_encoder(tmp_path)


def test_the_template_for_tools_lies_where_transformers_finds_it(tmp_path: Path) -> None:
    chat = replace(ENCODER, chat_template="{{ messages }}", tool_template="{{ tools }}")
    write_encoder(chat, tmp_path)
    assert read_encoder(tmp_path) == chat
    theirs = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert theirs.get_chat_template(tools=[{}]) == "{{ tools }}"
    assert theirs.get_chat_template() == "{{ messages }}"
    (tmp_path / "additional_chat_templates" / "tool_use.jinja").unlink()
    with pytest.raises(DataError, match=r"than the file additional_chat_templates/tool_use\.jinja"):
        read_encoder(tmp_path)


def test_a_plain_sequence_of_n_tokens_asks_for_one_less() -> None:
    encoded = ENCODER.encode(frame(([5, 6, 7, 8, 9, 4], [0])))
    assert (encoded[0, LABELS] >= 0).sum() == 5


def test_hidden_tokens_are_those_of_view_0() -> None:
    # [CLS] and [SEP], 2 and 3, are never hidden. Of five other tokens two are hidden, of one all.
    rows = keyed(([2, 70, 71, 72, 73, 74], [0]), ([2, 80, 3], [0]))
    encoded = MASKED.encode(rows)
    assert (encoded[:, LABELS] >= 0).sum(axis=1).tolist() == [2, 1]
    assert encoded[1, LABELS].tolist() == [-1, 80, -1, -1, -1, -1]
    again = MASKED.masks(4).apply(encoded, rows["example_id"].to_list(), 0)
    assert (again == encoded).all()
    other = MASKED.masks(4).apply(encoded, rows["example_id"].to_list(), 1)
    assert (other[0, LABELS] != encoded[0, LABELS]).any()
    whole = np.where(other[:, LABELS] < 0, other[:, TOKENS], other[:, LABELS])
    assert whole.tolist() == [[2, 70, 71, 72, 73, 74], [2, 80, 3, -1, -1, -1]]
    assert MASKED.max_labels == 2
    assert ENCODER.max_labels == 6


def test_masks_know_the_tokenizers_special_tokens_and_need_one_to_hide_behind() -> None:
    masks = MASKED.masks(2)
    assert (masks.share, masks.seed, masks.count) == (0.4, 3, 2)
    assert (masks.mask, masks.unknown, masks.special) == (4, 1, (0, 1, 2, 3, 4))
    bare = Tokenizer(TOKENIZER.definition, SpecialTokens(end="<|endoftext|>"))
    with pytest.raises(DataError, match="has no mask token"):
        replace(MASKED, tokenizer=bare).masks()


def test_hiding_needs_the_key_of_a_row() -> None:
    with pytest.raises(DataError, match="masks tokens by the column example_id"):
        MASKED.encode(frame(([5, 6, 7], [0])))


def test_no_rows_are_no_sequences() -> None:
    assert ENCODER.encode(frame()).shape == (0, 3, 6)


def test_an_answer_spans_the_tokenizer() -> None:
    assert ENCODER.outputs == 300
    assert ENCODER.shape == (3, 6)
    assert ENCODER.classes == ()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (frame(([1] * 7, [0])), "holds 7 tokens, but the encoder takes 1 to 6"),
        (frame(([], [0])), "holds 0 tokens"),
        (frame(([1, 300], [0])), "hold the token 300, but the tokenizer has only 300"),
        (frame(([1, -2], [0])), "hold the token"),
        (pl.DataFrame({"text": ["a"]}), "needs the columns tokens and starts"),
    ],
    ids=["long", "empty", "unknown", "negative", "text"],
)
def test_rows_that_do_not_fit_are_refused(rows: pl.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        ENCODER.encode(rows)


def test_an_encoder_survives_its_folder(tmp_path: Path) -> None:
    for encoder in (ENCODER, MASKED):
        write_encoder(encoder, tmp_path)
        assert read_encoder(tmp_path) == encoder
    assert "mask_share" not in ENCODER.to_json()  # their fingerprints are older than masks


@pytest.mark.parametrize(
    "change",
    [{"task": "x"}, {"length": 1}, {"length": "6"}, {"vocabulary": 299}, {"tokenizer": "0" * 64},
     {"more": 1}, {"mask_share": "0.4"}, {"mask_share": 2.0}, {"mask_seed": -1}],
    ids=str,
)  # fmt: skip
def test_a_document_of_another_encoder_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_encoder(MASKED, tmp_path)
    document = read_json(tmp_path / "encoder.json")
    assert isinstance(document, dict)
    write_json(tmp_path / "encoder.json", document | change)
    with pytest.raises(DataError, match="Run the ingest stage again"):
        read_encoder(tmp_path)


def test_another_tokenizer_beside_an_encoder_is_refused(tmp_path: Path) -> None:
    made = small_corpus(tmp_path)
    other = SequenceEncoder(
        tokenizer=train_tokenizer(sentences(40, seed=3), 299), task="next_token", length=24
    )
    document = read_json(made.encoder / "encoder.json")
    write_encoder(other, made.encoder)
    write_json(made.encoder / "encoder.json", document)
    with pytest.raises(
        DataError, match=r"was made with the tokenizer .*, but the tokenizer beside it is"
    ):
        read_encoder(made.encoder)


def test_the_arguments_of_a_template_come_back_and_belong_to_the_encoder(tmp_path: Path) -> None:
    chat = replace(ENCODER, chat_template="{{ messages }}{{ mode }}")
    given = replace(chat, template_arguments={"mode": "short", "thinking": False, "budget": 2})
    write_encoder(given, tmp_path)
    assert read_encoder(tmp_path) == given != chat
    assert "template_arguments" not in chat.to_json()
    document = read_json(tmp_path / "encoder.json")
    assert document["template_arguments"] == {"mode": "short", "thinking": False, "budget": 2}
    for wrong in ([1], {"mode": [1]}, {"mode": None}):
        write_json(tmp_path / "encoder.json", document | {"template_arguments": wrong})
        with pytest.raises(DataError, match="Run the ingest stage again"):
            read_encoder(tmp_path)
