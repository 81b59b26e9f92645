"""Tokenizers of models: from GGUF files and folders, read in a bounded worker or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from gguf import GGMLQuantizationType
from support.examples.corpus_examples import sentences
from support.examples.foreign_tokenizers import FOLDERS, with_json
from support.models.gguf_file import write_gguf

from stillroom.data.text import model_tokenizer
from stillroom.data.text.model_tokenizer import (
    gguf_file,
    read_given_tokenizer,
    read_model_tokenizer,
)
from stillroom.data.text.tokenizer import was_written_here, write_tokenizer
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
    with pytest.raises(DataError, match=r"2 GGUF files of several models\. Set the path to one"):
        gguf_file(file.parent)
    other.unlink()


def test_a_folder_with_a_config_is_a_model_of_its_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text("{}")
    assert gguf_file(tmp_path) is None
    write_tokenizer(TOKENIZER, tmp_path)
    assert read_model_tokenizer(tmp_path) == TOKENIZER


def test_what_cannot_be_read_is_one_line(file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DataError, match=r"tokenizer of .*cut\.gguf cannot be read") as raised:
        read_model_tokenizer(cut)
    assert "\n" not in str(raised.value)


def test_a_folder_of_another_program_is_read_once_and_keeps_nothing_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = FOLDERS["bert-vocab-txt"](tmp_path / "bert")
    tokenizer = read_model_tokenizer(folder)
    assert tokenizer.special.mask == "[MASK]" and tokenizer.special_affixes() == ([2], [3])
    assert tokenizer.encode(["THE CAT"])[0].ids.tolist() == (
        tokenizer.encode(["the cat"])[0].ids.tolist()
    )
    monkeypatch.setattr(model_tokenizer, "run_bounded", None)
    assert read_model_tokenizer(folder) is tokenizer


@pytest.mark.parametrize("left_out", [{}, {"model_max_length": 5}, {"eos_token": {"content": "x"}}])
def test_only_the_form_that_is_written_here_is_taken_as_it_is(
    tmp_path: Path, left_out: dict[str, Any]
) -> None:
    write_tokenizer(TOKENIZER, tmp_path)
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | left_out))
    assert was_written_here(tmp_path) is (not left_out)


def foreign(folder: Path, **fields: Any) -> Path:
    """Write a folder that says that Stillroom wrote it, with other fields in tokenizer.json."""
    write_tokenizer(TOKENIZER, folder)
    with_json(folder, **fields)
    return folder


@pytest.fixture(params=[read_model_tokenizer, read_given_tokenizer])
def reader(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_what_is_written_here_keeps_its_hash_and_its_bytes(tmp_path: Path, reader: Any) -> None:
    write_tokenizer(TOKENIZER, tmp_path)
    tokenizer = reader(tmp_path)
    assert tokenizer == TOKENIZER and tokenizer.definition == TOKENIZER.definition


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"added_tokens": [{"id": 2**31 - 2, "content": "x"}]}, r"2,147,483,646 as the largest id"),
        ({"model": {"type": "BPE", "vocab": {}, "merges": []}, "added_tokens": []}, "no token"),
        ({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}}, "cannot be rea"),
        ({"post_processor": {"single": [{}] * 1001}}, "1,001 entries in a list"),
    ],
)
def test_a_stranger_that_says_it_was_written_here_gets_the_same_checks(
    tmp_path: Path, fields: dict[str, Any], words: str, reader: Any
) -> None:
    with pytest.raises(DataError, match=words) as raised:
        reader(foreign(tmp_path, **fields))
    assert str(tmp_path) in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_a_stranger_that_says_so_may_have_no_link_out_of_its_folder(
    tmp_path: Path, name: str, reader: Any
) -> None:
    folder = foreign(tmp_path / "f")
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    with pytest.raises(DataError, match=f"{name} is a link out of its folder"):
        reader(folder)


def test_a_config_that_is_no_json_is_named_by_its_folder(tmp_path: Path, reader: Any) -> None:
    (foreign(tmp_path) / "tokenizer_config.json").write_text("{")
    with pytest.raises(DataError, match=f"The tokenizer of {tmp_path} cannot be read"):
        reader(tmp_path)


def test_a_panic_of_the_library_is_one_line(tmp_path: Path) -> None:
    folder = FOLDERS["bert-uncased"](tmp_path / "bert")
    with_json(folder, model={"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]})
    (folder / "config.json").write_text('{"model_type": "something"}')
    with pytest.raises(DataError, match=r"cannot be read \(PanicException: ") as raised:
        read_model_tokenizer(folder)
    assert "\n" not in str(raised.value)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = FOLDERS["gpt2-merges-txt"](tmp_path / "gpt2")
    (folder / "merges.txt").rename(tmp_path / "merges.txt")
    (folder / "merges.txt").symlink_to(tmp_path / "merges.txt")
    with pytest.raises(DataError, match=r"merges\.txt is a link out of its folder"):
        read_model_tokenizer(folder)


def test_a_folder_without_a_tokenizer_and_a_file_that_is_too_large_are_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match=r"tokenizer\.json does not exist, and no other file"):
        read_model_tokenizer(tmp_path)
    with (tmp_path / "tokenizer.json").open("wb") as stream:
        stream.truncate(2**29)
    with pytest.raises(DataError, match=r"tokenizer\.json is larger than 134 MB"):
        read_model_tokenizer(tmp_path)


def test_a_slow_tokenizer_is_refused_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02")
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(DataError, match=r"Save it as a fast one") as raised:
        read_model_tokenizer(tmp_path)
    assert "\n" not in str(raised.value)
