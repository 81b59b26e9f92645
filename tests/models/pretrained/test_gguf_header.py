"""The header of a GGUF file: what the package gguf reads, and no trust in any length."""

import struct
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType, GGUFReader
from support.examples.corpus_examples import sentences
from support.models.gguf_file import write_gguf

from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError
from stillroom.models.pretrained.gguf_header import read_gguf_header

TOKENIZER = train_tokenizer(sentences(40), 300)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, GGMLQuantizationType.Q8_0)
    return tmp_path / "m.gguf"


def test_the_header_is_what_the_package_gguf_reads(file: Path) -> None:
    header, theirs = read_gguf_header(file), GGUFReader(file)
    assert [one.name for one in header.tensors] == [one.name for one in theirs.tensors]
    assert [one.size for one in header.tensors] == [one.n_bytes for one in theirs.tensors]
    assert [one.elements for one in header.tensors] == [one.n_elements for one in theirs.tensors]
    places = [header.data + one.offset for one in header.tensors]
    assert places == [one.data_offset for one in theirs.tensors]
    assert header.number("llama.block_count") == 2
    assert header.metadata["general.architecture"] == "llama"
    assert "tokenizer.ggml.tokens" not in header.metadata
    assert header.number("general.architecture") is None


def changed(file: Path, at: int, content: bytes) -> None:
    data = bytearray(file.read_bytes())
    data[at : at + len(content)] = content
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "content", "words"),
    [
        (0, b"GGML", "is not a GGUF file"),
        (4, struct.pack("<I", 1), "version 1 is unknown"),
        (8, struct.pack("<Q", 2**62), r"4,611,686,018,427,387,904 tensors, more than fit"),
        (8, struct.pack("<Q", 10**5), "100,000 tensors, more than fit|unknown type|dimensions"),
        (16, struct.pack("<Q", 2**63), r"keys, more than fit"),
        (24, struct.pack("<Q", 2**64 - 1), "characters, more than fit"),
        (24, struct.pack("<Q", 2**17), "a name has 131,072 bytes|characters, more than fit"),
    ],
)
def test_lengths_beyond_the_file_are_refused(
    file: Path, at: int, content: bytes, words: str
) -> None:
    changed(file, at, content)
    with pytest.raises(ModelError, match=words) as raised:
        read_gguf_header(file)
    assert "\n" not in str(raised.value)


def test_a_list_that_is_longer_than_the_file_is_refused(file: Path) -> None:
    data = file.read_bytes()
    at = data.index(b"tokenizer.ggml.tokens") + len(b"tokenizer.ggml.tokens") + 8
    changed(file, at, struct.pack("<Q", 2**40))
    with pytest.raises(ModelError, match="1,099,511,627,776 texts, more than fit"):
        read_gguf_header(file)


@pytest.mark.parametrize("left", [0, 3, 23, 24, 100, 5000, -40, -4000])
def test_a_file_that_was_cut_short_is_refused(file: Path, left: int) -> None:
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(ModelError, match="is damaged"):
        read_gguf_header(file)


def test_bytes_at_random_are_one_error_or_a_header(file: Path) -> None:
    import numpy as np

    draws, data = np.random.default_rng(0), file.read_bytes()
    end = read_gguf_header(file).data
    for _ in range(200):
        changed_bytes = bytearray(data)
        for at in draws.integers(0, end, 3):
            changed_bytes[at] = draws.integers(256)
        file.write_bytes(changed_bytes)
        try:
            read_gguf_header(file)
        except ModelError as error:
            assert "\n" not in str(error)
