"""Files of llama2.c: devices, pipes and holes are refused before they are read."""

import os
import struct
from pathlib import Path

import pytest

from stillroom.errors import ModelError
from stillroom.teachers.llama2c.checkpoint_file import read_checkpoint
from stillroom.teachers.llama2c.source_file import require_regular_file
from stillroom.teachers.llama2c.tokenizer_file import read_llama2c_tokenizer


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "pipe", "folder"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    path = tmp_path / name  # an absolute name stays as it is
    with pytest.raises(ModelError, match="is not a regular file"):
        read_checkpoint(path)
    with pytest.raises(ModelError, match="is not a regular file"):
        read_llama2c_tokenizer(path, 300)


def test_gigabytes_of_holes_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "m.bin").open("wb") as file:
        file.write(struct.pack("<7i", 1024, 4096, 8, 8, 8, 32000, 1024))
        file.truncate(2**32)
    with pytest.raises(ModelError, match="is mostly holes"):
        read_checkpoint(tmp_path / "m.bin")
    (tmp_path / "a").write_bytes(b"123")
    assert require_regular_file(tmp_path / "a") == 3


def test_a_tokenizer_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.bin").write_bytes(bytes(2**26 + 1))
    with pytest.raises(
        ModelError, match=r"is not a tokenizer of llama2\.c: it has 67,108,865 bytes"
    ):
        read_llama2c_tokenizer(tmp_path / "t.bin", 300)
