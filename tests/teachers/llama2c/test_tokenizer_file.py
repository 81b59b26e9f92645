"""Tokenizers of llama2.c: every text has the ids of run.c."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models.llama2c_file import VOCABULARY, encoded, write_vocabulary

from stillroom.data.text.tokenizer import Tokenizer
from stillroom.errors import ModelError
from stillroom.teachers.llama2c.tokenizer_file import read_llama2c_tokenizer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, list[str]]:
    path = tmp_path_factory.mktemp("vocabulary") / "tok.bin"
    pieces = write_vocabulary(path)
    return read_llama2c_tokenizer(path, VOCABULARY), pieces


@given(st.text(alphabet="aehtnd z\né日\U0001f389", max_size=24))
def test_a_text_gets_the_ids_of_run_c(made: tuple[Tokenizer, list[str]], text: str) -> None:
    tokenizer, pieces = made
    (encoding,) = tokenizer.encode([text])
    assert encoding.ids.tolist() == encoded(text, pieces)
    assert tokenizer.decode(encoding.ids) == text


def test_a_text_begins_with_one_and_ends_where_another_begins(
    made: tuple[Tokenizer, list[str]],
) -> None:
    tokenizer, _ = made
    assert tokenizer.special_affixes() == ([1], [])
    assert (tokenizer.end, tokenizer.size) == (1, VOCABULARY)
    assert tokenizer.special_ids == (0, 1, 2)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "tok.bin")
    with pytest.raises(ModelError, match="has 280 different tokens, but the model has 512"):
        read_llama2c_tokenizer(tmp_path / "tok.bin", 512)


@pytest.mark.parametrize("left", [3, 6, 12, 500, -1])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, left: int) -> None:
    write_vocabulary(tmp_path / "tok.bin")
    content = (tmp_path / "tok.bin").read_bytes()
    (tmp_path / "tok.bin").write_bytes(content[:left])
    with pytest.raises(ModelError, match=r"truncated|different tokens"):
        read_llama2c_tokenizer(tmp_path / "tok.bin", VOCABULARY)
