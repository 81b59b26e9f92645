"""The output bias: the bias with the fewest errors, by hand, and its effect on a saved model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from support.examples.image_examples import ImageExamples, image_examples
from support.training.jobs import a_fit
from transformers import PreTrainedConfig, PreTrainedModel

from stillroom.data.encoders import read_encoder
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.models.shape import Shape
from stillroom.training.data.memory_dataset import read_split
from stillroom.training.fit.output_bias import (
    best_bias,
    output_bias,
    set_output_bias,
    write_balanced,
)
from stillroom.training.fit.precision import FLOAT32, Arithmetic, halve
from stillroom.training.resume_state import ResumeState

RESNET = {"embedding_size": 4, "hidden_sizes": [4], "depths": [1], "layer_type": "basic"}


@pytest.mark.parametrize(
    ("name", "options"), [("mlp", {"hidden": [3, 3]}), ("resnet", RESNET)], ids=["mlp", "resnet"]
)
def test_the_bias_moves_the_logits_of_its_class(name: str, options: dict[str, object]) -> None:
    model = build(name, options, Shape((1, 8, 8), ("a", "b", "c")), seed=0).eval()
    inputs = {model.main_input_name: torch.rand(2, 1, 8, 8)}
    with torch.no_grad():
        before = model(**inputs).logits
        output_bias(model)[1] += 2.5
        after = model(**inputs).logits
    torch.testing.assert_close(after - before, torch.tensor([[0.0, 2.5, 0.0]]).repeat(2, 1))


def test_a_model_without_one_is_named() -> None:
    class Bare(PreTrainedModel):
        config_class = PreTrainedConfig

    with pytest.raises(ModelError, match="Bare has no last linear layer with a bias for 2 classes"):
        output_bias(Bare(PreTrainedConfig()))


def test_the_best_bias_by_hand() -> None:
    # Class 1 wins its two rows if its bias exceeds 2 and 3, and a row of class 0 if it exceeds 7.
    answers = np.array([[2.0, 0.0, -9], [3.0, 0.0, -9], [7.0, 0.0, -9]])
    assert best_bias(answers, np.array([1, 1, 0]), 1) == pytest.approx(5.0)
    # If it wins rows of other classes, its bias is lowered: below -1 and -2.
    assert best_bias(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([0, 0]), 1) == -2.5


@given(st.integers(0, 10_000))
def test_no_other_bias_makes_fewer_errors(seed: int) -> None:
    draws = np.random.default_rng(seed)
    answers, truth = draws.normal(size=(30, 4)), draws.integers(0, 4, 30)

    def errors(amount: float) -> int:
        moved = answers.copy()
        moved[:, 2] += amount
        return int((moved.argmax(axis=1) != truth).sum())

    best = errors(best_bias(answers, truth, 2))
    assert best <= min(errors(amount) for amount in np.linspace(-8, 8, 321))


def test_the_models_own_bias_is_changed_class_by_class() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b", "c")), seed=0)
    inputs = torch.randn((40, 3), generator=torch.Generator().manual_seed(0))
    truth = np.arange(40) % 3
    with torch.no_grad():
        before = model(inputs=inputs).logits.double().numpy()
        old = output_bias(model).clone()
        added = set_output_bias(model, before, truth, [1, 2])
        after = model(inputs=inputs).logits.double().numpy()
    np.testing.assert_allclose(after - before, np.array([[0.0, *added]]).repeat(40, 0), atol=1e-5)
    np.testing.assert_allclose((output_bias(model) - old).tolist(), [0.0, *added], atol=1e-6)
    assert (after.argmax(1) == truth).sum() >= (before.argmax(1) == truth).sum()


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def test_the_balanced_model_is_written_beside_the_best(made: ImageExamples, tmp_path: Path) -> None:
    place = ResumeState(tmp_path / "fit", {}, "balanced")
    model = build("mlp", {"hidden": [4]}, made.shape, seed=0)
    save_model(model, read_encoder(made.encoder), place.best)
    rows = read_split(made.examples, read_encoder(made.encoder), "validation")
    write_balanced(replace(a_fit(), balance=(1,)), rows, place, FLOAT32)
    old, new = (output_bias(load_model(path)) for path in (place.best, place.balanced))
    assert (old != new).tolist() == [False, True, False]
    assert (place.balanced / "preprocessor_config.json").read_bytes() == (
        place.best / "preprocessor_config.json"
    ).read_bytes()


@pytest.mark.parametrize(
    ("name", "options"), [("mlp", {"hidden": [4]}), ("resnet", RESNET)], ids=["mlp", "resnet"]
)
def test_the_balanced_model_keeps_the_type_of_each_weight(
    made: ImageExamples, tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    place = ResumeState(tmp_path / "fit", {}, "balanced")
    model = build(name, options, made.shape, seed=0)
    halve(model)
    save_model(model, read_encoder(made.encoder), place.best)
    rows = read_split(made.examples, read_encoder(made.encoder), "validation")
    arithmetic = Arithmetic("32-true", has_half_weights=True)
    write_balanced(replace(a_fit(), balance=(1,)), rows, place, arithmetic)
    best, balanced = (
        load_file(path / "model.safetensors") for path in (place.best, place.balanced)
    )
    assert {key: one.dtype for key, one in balanced.items()} == {
        key: one.dtype for key, one in best.items()
    }
    (bias,) = [key for key, one in best.items() if not torch.equal(one, balanced[key])]
    assert best[bias].dtype == torch.bfloat16
    assert (best[bias] != balanced[bias]).tolist() == [False, True, False]
    assert (place.balanced / "config.json").read_bytes() == (
        place.best / "config.json"
    ).read_bytes()
