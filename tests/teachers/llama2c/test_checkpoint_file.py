"""Checkpoints of llama2.c: transformers computes the same logits as run.c."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from support.models.llama2c_file import LENGTH, logits, write_checkpoint

from stillroom.errors import ModelError
from stillroom.teachers.llama2c.checkpoint_file import read_checkpoint

TOKENS = [1, 5, 270, 4, 100, 259, 7]


@pytest.mark.parametrize("tied", [True, False])
def test_the_model_answers_as_run_c_does(tmp_path: Path, tied: bool) -> None:
    weights = write_checkpoint(tmp_path / "m.bin", tied)
    model = read_checkpoint(tmp_path / "m.bin")
    with torch.no_grad():
        answer = model(input_ids=torch.tensor([TOKENS])).logits[0].double().numpy()
    np.testing.assert_allclose(answer, logits(weights, TOKENS), atol=2e-5)
    assert model.config.tie_word_embeddings is tied
    assert model.config.max_position_embeddings == LENGTH


@pytest.mark.parametrize("left", [0, 10, 28, 1000, -4])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, left: int) -> None:
    write_checkpoint(tmp_path / "m.bin", True)
    content = (tmp_path / "m.bin").read_bytes()
    (tmp_path / "m.bin").write_bytes(content[:left])
    with pytest.raises(ModelError, match=r"m\.bin (is not a checkpoint|has [\d,]+ bytes)"):
        read_checkpoint(tmp_path / "m.bin")


@pytest.mark.parametrize(
    "header",
    [
        (0,) * 7,
        (-4, 8, 1, 2, 2, 300, 8),
        (7, 8, 1, 2, 2, 300, 8),
        (8, 8, 1, 4, 3, 300, 8),
        (2**31 - 1,) * 7,
    ],
    ids=str,
)
def test_sizes_that_cannot_be_are_refused(tmp_path: Path, header: tuple[int, ...]) -> None:
    (tmp_path / "m.bin").write_bytes(struct.pack("<7i", *header) + bytes(400))
    with pytest.raises(ModelError, match="is not a checkpoint of llama2"):
        read_checkpoint(tmp_path / "m.bin")


def test_numbers_that_are_none_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "m.bin", True)
    content = bytearray((tmp_path / "m.bin").read_bytes())
    content[60:64] = struct.pack("<f", float("nan"))
    (tmp_path / "m.bin").write_bytes(content)
    with pytest.raises(ModelError, match="holds NaN or infinity"):
        read_checkpoint(tmp_path / "m.bin")
    with pytest.raises(ModelError, match=r"none\.bin cannot be read: No such file"):
        read_checkpoint(tmp_path / "none.bin")
