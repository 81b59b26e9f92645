"""ONNX: equal logits at any batch size, equal bytes each time, and no paths inside."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from support.examples.corpus_examples import BERT, EUROBERT, masked_corpus
from support.examples.text_examples import ENCODER, frame, texts

from stillroom.errors import ModelError
from stillroom.export import onnx as exporting
from stillroom.export.onnx import export_onnx, feeds, measure_parity
from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.shape import Shape

SHAPE = Shape((1, 28, 28), tuple("0123456789"))
RESNET = {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1], "layer_type": "basic"}
INPUTS = np.random.default_rng(0).normal(size=(37, 1, 28, 28)).astype(np.float32)


@pytest.mark.parametrize(("name", "options"), [("mlp", {"hidden": [8]}), ("resnet", RESNET)])
def test_the_file_answers_like_the_model(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    model = build(name, options, SHAPE, seed=0).eval()
    for file in ("a.onnx", "b.onnx"):
        export_onnx(model, INPUTS, tmp_path / file)
    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes()
    assert b"site-packages" not in content
    assert str(Path(__file__).resolve().parents[2]).encode() not in content
    parity = measure_parity(model, tmp_path / "a.onnx", INPUTS)
    assert parity.inputs == 37
    assert parity.largest_difference < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    assert session.run(["logits"], {"inputs": INPUTS[:1]})[0].shape == (1, 10)


@pytest.mark.parametrize("options", [BERT, EUROBERT], ids=["bert", "eurobert"])
def test_a_masked_language_model_takes_tokens_and_their_mask_alone(
    tmp_path: Path, options: dict[str, object]
) -> None:
    made = masked_corpus(tmp_path, count=30)
    model = build("transformer", options, made.shape, seed=0).eval()
    inputs = made.fitted.encode(made.examples.read())
    export_onnx(model, inputs, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    assert [one.name for one in session.get_inputs()] == ["input_ids", "attention_mask"]
    assert measure_parity(model, tmp_path / "a.onnx", inputs).largest_difference < 1e-4


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    export_onnx(build("mlp", {"hidden": [8]}, SHAPE, seed=0).eval(), INPUTS, tmp_path / "a.onnx")
    other = build("mlp", {"hidden": [8]}, SHAPE, seed=1).eval()
    with pytest.raises(
        ModelError, match=r"a\.onnx differs from the student's by .*at most 0\.001 is allowed"
    ):
        measure_parity(other, tmp_path / "a.onnx", INPUTS)
    assert exporting.TOLERANCE == 1e-3


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_a_classifier_of_texts_answers_alike_however_long_they_are(
    tmp_path: Path, kind: str
) -> None:
    options = {"bert": BERT, "gpt2": {"n_embd": 16, "n_layer": 1, "n_head": 2}}[kind]
    model = build("transformer", options | {"model_type": kind}, Shape.of(ENCODER), 0).eval()
    rows = ENCODER.encode(frame(*(text for text, _ in texts(20))))
    export_onnx(model, rows, tmp_path / "a.onnx")
    assert measure_parity(model, tmp_path / "a.onnx", rows).inputs == 20
    shorter = rows[:3, :, : int((rows[:3, 0] >= 0).sum(axis=1).max())]
    assert measure_parity(model, tmp_path / "a.onnx", shorter).inputs == 3
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    answers = session.run(["logits"], feeds(model, shorter))[0]
    np.testing.assert_allclose(answers, logits(model, rows[:3], 4), atol=1e-5)
