"""Training a tokenizer: every text can be decoded again; equal texts give equal tokenizers."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.examples.corpus_examples import sentences

from stillroom.data.text.train_tokenizer import BYTES, END, MASK, train_tokenizer
from stillroom.errors import ConfigError

TEXTS = sentences(50)
TOKENIZER = train_tokenizer(TEXTS, 320)


def test_what_stands_together_often_is_one_token() -> None:
    assert TOKENIZER.size == 320
    assert len(TOKENIZER.encode([" the cat"])[0].ids) == 2


def test_equal_texts_give_an_equal_tokenizer_and_others_another() -> None:
    again = train_tokenizer(iter(TEXTS), 320)
    assert again.definition == TOKENIZER.definition
    assert train_tokenizer(sentences(50, seed=1), 320).sha256 != TOKENIZER.sha256


def test_few_texts_give_fewer_tokens() -> None:
    assert train_tokenizer(["aa"], 1000).size == BYTES + 2 + 1


def test_a_word_of_half_a_million_signs_takes_no_minute() -> None:
    # Uncut, it takes 25 times as long as a fifth of it, which takes 20 seconds.
    signs = "".join(chr(0x4E00 + number % 20_000) for number in range(500_000))
    started = process_time()
    made = train_tokenizer([signs], 320)
    assert process_time() - started < 20
    assert made.size == 320
    assert "FixedLength" not in made.definition


def test_special_tokens_are_known() -> None:
    assert TOKENIZER.special_ids == (TOKENIZER.end, TOKENIZER.mask) == (0, 1)
    assert TOKENIZER.padding == TOKENIZER.end
    assert (TOKENIZER.special.end, TOKENIZER.special.mask) == (END, MASK)
    assert TOKENIZER.special_affixes() == ([], [])


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_every_text_survives(text: str) -> None:
    (encoded,) = TOKENIZER.encode([text])
    assert TOKENIZER.decode(encoded.ids.tolist()) == text
    assert not {0, 1} & set(encoded.ids.tolist())


def test_a_special_token_in_a_text_is_text() -> None:
    (encoded,) = TOKENIZER.encode([f"a{END}b"])
    assert TOKENIZER.end not in encoded.ids
    assert TOKENIZER.decode(encoded.ids.tolist()) == f"a{END}b"


def test_a_vocabulary_without_room_for_the_bytes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.text\.vocabulary is 100"):
        train_tokenizer(TEXTS, 100)


def test_a_tokenizer_for_hidden_tokens_has_berts_special_ones_around_a_text() -> None:
    made = train_tokenizer(TEXTS, 320, "masked_token")
    assert made.special_ids == (0, 1, 2, 3, 4)
    assert (made.padding, made.unknown, made.mask, made.end) == (0, 1, 4, None)
    assert made.special_affixes() == ([2], [3])
    assert made.size == 320
    assert len(made.encode([" the cat"])[0].ids) == 2
    with pytest.raises(ConfigError, match=r"\[MASK\] need 261"):
        train_tokenizer(TEXTS, 260, "masked_token")
