"""GGUF files in parts: what is missing, wrong or too much is refused by its name."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from gguf import GGMLQuantizationType, GGUFReader
from support.examples.corpus_examples import sentences
from support.models.gguf_file import write_gguf

from stillroom.data.text.model_tokenizer import gguf_file
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError, ModelError
from stillroom.models.pretrained.gguf_split import read_gguf_parts, whole_gguf

TOKENIZER = train_tokenizer(sentences(40), 300)
F32 = GGMLQuantizationType.F32


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, GGMLQuantizationType.Q8_0, split=8)
    return sorted(tmp_path.glob("m-*.gguf"))


def test_the_whole_file_is_what_the_package_gguf_reads_of_the_parts(
    parts: list[Path], tmp_path: Path
) -> None:
    with whole_gguf(read_gguf_parts(parts[1]), tmp_path / "t") as whole:
        reader = GGUFReader(whole)
        expected = [tensor for part in parts for tensor in GGUFReader(part).tensors]
        assert [one.name for one in reader.tensors] == [one.name for one in expected]
        for ours, theirs in zip(reader.tensors, expected, strict=True):
            assert ours.tensor_type == theirs.tensor_type
            assert ours.data.tobytes() == theirs.data.tobytes()
        keys = {key for key in GGUFReader(parts[0]).fields if not key.startswith("split.")}
        assert set(reader.fields) == keys


def test_a_missing_part_is_named(parts: list[Path]) -> None:
    parts[1].unlink()
    with pytest.raises(ModelError, match=r"m-00002-of-00003\.gguf does not exist, .* has 3 parts"):
        read_gguf_parts(parts[2])
    parts[0].unlink()
    with pytest.raises(ModelError, match=r"m-00001-of-00003\.gguf does not exist, but m-00003"):
        read_gguf_parts(parts[2])


def test_parts_that_were_swapped_are_named(parts: list[Path]) -> None:
    parts[1].rename(parts[1].with_suffix(".x"))
    parts[2].rename(parts[1])
    parts[1].with_suffix(".x").rename(parts[2])
    with pytest.raises(ModelError, match=r"says that it is part 2 of 3 \(from 0\), but its name"):
        read_gguf_parts(parts[0])


def test_a_part_of_another_model_is_refused(parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "o").mkdir()
    other = tmp_path / "o" / "m.gguf"
    write_gguf(other, TOKENIZER, F32, split=10)
    shutil.copy(tmp_path / "o" / "m-00002-of-00003.gguf", parts[1])
    with pytest.raises(ModelError, match=r"hold \d+ tensors, but split\.tensors\.count is 21"):
        read_gguf_parts(parts[0])


def test_a_damaged_part_is_named(parts: list[Path]) -> None:
    parts[2].write_bytes(parts[2].read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"m-00003-of-00003\.gguf is damaged"):
        read_gguf_parts(parts[0])


def test_a_name_that_does_not_fit_the_metadata_is_refused(
    parts: list[Path], tmp_path: Path
) -> None:
    shutil.copy(parts[0], tmp_path / "alone.gguf")
    with pytest.raises(
        ModelError, match="the first of 3 parts by its metadata, but its name says 1"
    ):
        read_gguf_parts(tmp_path / "alone.gguf")
    write_gguf(tmp_path / "w.gguf", TOKENIZER, F32)
    (tmp_path / "w.gguf").rename(tmp_path / "w-00001-of-00002.gguf")
    with pytest.raises(
        ModelError, match="the first of 1 parts by its metadata, but its name says 2"
    ):
        read_gguf_parts(tmp_path / "w-00001-of-00002.gguf")


def test_a_part_behind_a_link_is_refused(parts: list[Path], tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    parts[1].rename(tmp_path / "elsewhere" / "p")
    parts[1].symlink_to(tmp_path / "elsewhere" / "p")
    with pytest.raises(ModelError, match="is a link to another place"):
        read_gguf_parts(parts[0])


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (3, "lacks the tensors of the block 2, but its metadata count 3"),
        (2**31 - 1, "lacks the tensors of the block 2, but its metadata count 2,147,483,647"),
        (1, "holds the tensors of the block 1, but its metadata count 1 blocks"),
    ],
)
def test_other_numbers_of_blocks_are_refused(tmp_path: Path, blocks: int, words: str) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, F32, blocks=blocks)
    with pytest.raises(ModelError, match=words):
        read_gguf_parts(tmp_path / "m.gguf")


@pytest.mark.parametrize("count", [[3000], [2**31 - 1], [2], [2, 2], 2.0, "2", True])
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_a_block_count_that_is_no_whole_number_is_refused(
    tmp_path: Path, count: Any, architecture: str
) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, F32, more={f"{architecture}.block_count": count})
    with pytest.raises(ModelError, match=rf"no whole number as its '{architecture}\.block_count'"):
        read_gguf_parts(tmp_path / "m.gguf")


def test_blocks_that_are_not_counted_are_refused(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, F32, more={"llama.block_count": None})
    with pytest.raises(ModelError, match="no whole number as its 'block_count'"):
        read_gguf_parts(tmp_path / "m.gguf")


def test_a_count_under_the_name_of_another_architecture_counts(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, F32, more={"qwen2.block_count": 10**9})
    with pytest.raises(ModelError, match="its metadata count 1,000,000,000 blocks"):
        read_gguf_parts(tmp_path / "m.gguf")


@pytest.mark.parametrize("name", ["m.gguf", "m-00001-of-00001.gguf"])
def test_a_file_of_a_folder_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "elsewhere.gguf").write_bytes(b"")
    (tmp_path / "f" / name).symlink_to(tmp_path / "elsewhere.gguf")
    with pytest.raises(DataError, match="is a link out of its folder"):
        gguf_file(tmp_path / "f")
    assert gguf_file(tmp_path / "f" / name) == tmp_path / "f" / name


def test_a_first_part_that_is_a_link_is_refused_by_a_later_part(parts: list[Path]) -> None:
    parts[0].rename(parts[0].parent.parent / "elsewhere.gguf")
    parts[0].symlink_to(parts[0].parent.parent / "elsewhere.gguf")
    for given in (parts[2], parts[0].parent):
        with pytest.raises(DataError, match="is a link out of its folder"):
            gguf_file(given)


def test_a_folder_of_parts_is_one_model_and_of_several_models_none(
    parts: list[Path], tmp_path: Path
) -> None:
    assert gguf_file(tmp_path) == parts[0]
    assert gguf_file(parts[2]) == parts[0]
    write_gguf(tmp_path / "other.gguf", TOKENIZER, F32)
    with pytest.raises(DataError, match="holds 4 GGUF files of several models"):
        gguf_file(tmp_path)
