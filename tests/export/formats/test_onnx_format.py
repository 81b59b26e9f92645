"""The format onnx: one file, compared on all inputs, or on the first sequences."""

from pathlib import Path

import numpy as np
from support.examples import image_examples, text_examples

from stillroom.export.formats.onnx_format import OnnxFormat
from stillroom.export.parity import SEQUENCES
from stillroom.models.architecture_registry import build
from stillroom.models.shape import Shape


def test_it_writes_one_file_and_compares_every_image(tmp_path: Path) -> None:
    encoder = image_examples.ENCODER
    model = build("mlp", {"hidden": [8]}, Shape.of(encoder), seed=0).eval()
    inputs = np.random.default_rng(0).random((70, *encoder.shape), dtype=np.float32)
    parity = OnnxFormat().write(model, encoder, inputs, tmp_path)
    assert (parity.inputs, parity.tolerance) == (70, 1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_of_texts_it_compares_the_first(tmp_path: Path) -> None:
    encoder = text_examples.ENCODER
    options = {
        "model_type": "bert",
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
    }
    model = build("transformer", options, Shape.of(encoder), seed=0).eval()
    tokens = np.arange(encoder.length)
    row = np.stack([tokens + 5, tokens, np.full_like(tokens, -1)])
    inputs = np.repeat(row[None], SEQUENCES + 3, axis=0).astype(np.int32)
    parity = OnnxFormat().write(model, encoder, inputs, tmp_path)
    assert parity.inputs == SEQUENCES == 64
