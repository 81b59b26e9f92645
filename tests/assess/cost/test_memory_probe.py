"""One model in a process of its own: its weights are measured to the megabyte. Takes 5 seconds."""

from pathlib import Path

import numpy as np
import pytest
from support.examples.image_examples import image_examples

from stillroom.assess.cost.memory_probe import main, memory_alone
from stillroom.data.encoders import read_encoder
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import EXACT, save_model
from stillroom.models.shape import Shape

INPUTS = np.zeros((2, 1, 16, 16), np.float32)
MEGABYTE = 1e6


def test_the_weights_are_what_is_loaded(tmp_path: Path) -> None:
    model = build("mlp", {"hidden": [9000, 1000]}, Shape((1, 16, 16), ("a", "b")), seed=0)
    images = image_examples(tmp_path)  # any encoder will do: the inputs are given
    save_model(model, read_encoder(images.encoder), tmp_path / "wide")
    memory = memory_alone(tmp_path / "wide", EXACT, INPUTS)
    weights = 4 * (256 * 9000 + 9000 + 9000 * 1000 + 1000 + 1000 * 2 + 2)  # 45.3 MB
    assert memory.loaded_bytes == pytest.approx(weights, abs=2 * MEGABYTE)
    assert 0 <= memory.activation_bytes < 4 * MEGABYTE


def test_a_folder_without_a_model_is_refused_before_a_process_is_started(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Choose a Hugging Face model directory"):
        memory_alone(tmp_path, EXACT, INPUTS)


def test_a_model_that_cannot_be_opened_is_reported_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    np.save(tmp_path / "input.npy", INPUTS[:1])
    paths = [str(tmp_path / name) for name in ("input.npy", "memory.json")]
    assert main([str(tmp_path), "float32", "cpu", *paths]) == 1
    stderr = capsys.readouterr().err
    assert "names the architecture none" in stderr
    assert "Traceback" not in stderr
    assert not (tmp_path / "memory.json").exists()
