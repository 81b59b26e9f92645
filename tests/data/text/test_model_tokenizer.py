"""GGUF files: their tokenizer gives every text the ids of the tokenizer that was written."""

from pathlib import Path

import pytest
from gguf import GGMLQuantizationType
from support.examples.corpus_examples import sentences
from support.models.gguf_file import write_gguf

from stillroom.data.text.model_tokenizer import gguf_file, read_model_tokenizer
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError

TOKENIZER = train_tokenizer(sentences(40), 300)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    write_gguf(path, TOKENIZER, GGMLQuantizationType.F32)
    return path


def test_its_tokenizer_gives_the_ids_of_the_one_it_was_made_of(file: Path) -> None:
    tokenizer = read_model_tokenizer(file)
    texts = ["the cat sees my aunt.", " nobody,  twice", "naïve 日本 🎉\n", ""]
    ours, theirs = tokenizer.encode(texts), TOKENIZER.encode(texts)
    assert [one.ids.tolist() for one in ours] == [one.ids.tolist() for one in theirs]
    assert (tokenizer.size, tokenizer.end) == (TOKENIZER.size, TOKENIZER.end)


def test_a_folder_with_one_file_is_that_file_and_with_two_is_refused(file: Path) -> None:
    assert gguf_file(file.parent) == gguf_file(file) == file
    other = file.with_name("other.gguf")
    other.write_bytes(b"")
    with pytest.raises(DataError, match=r"2 GGUF files. Set the path to one of them"):
        gguf_file(file.parent)
    other.unlink()


def test_a_folder_with_a_config_is_a_model_of_its_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text("{}")
    assert gguf_file(tmp_path) is None
    write_tokenizer(TOKENIZER, tmp_path)
    assert read_model_tokenizer(tmp_path) == TOKENIZER


@pytest.mark.parametrize("left", [0, 3, 40, 2000])
def test_a_file_that_is_cut_short_is_one_error(file: Path, tmp_path: Path, left: int) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(file.read_bytes()[:left])
    with pytest.raises(DataError, match=r"cut\.gguf has no tokenizer that can be read") as raised:
        read_model_tokenizer(cut)
    assert "\n" not in str(raised.value)
