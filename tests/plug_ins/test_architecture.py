"""An architecture from a package of the tests' own, from the parameters to a shipped student."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples import image_examples, text_examples
from support.examples.corpus_examples import small_corpus
from support.plug_in.install import install, installed
from support.training.jobs import a_fit, a_trainer

from stillroom.config.compose import compose
from stillroom.config.schema import Architecture
from stillroom.data.encoders import read_encoder
from stillroom.data.ingest.splits import TEST
from stillroom.errors import ConfigError, ModelError
from stillroom.export.onnx import export_onnx, measure_parity
from stillroom.io.tables import TableFile
from stillroom.models.architecture_registry import build
from stillroom.models.forward.hidden_states import logits_and_features
from stillroom.models.pretrained.model_directory import load_model
from stillroom.models.shape import Shape, Vocabulary
from stillroom.pipelines.ingest.nodes import ingest_examples
from stillroom.training.job import Job
from stillroom.training.process.launch import train

TOKENS = {"columns": {"text": "text"}, "text": {"encoding": "tokens"}}
CHOICE: dict[str, Any] = {
    "groups": {"student": "bag", "data": "table", "teacher": "given"},
    "data": TOKENS,
}


@pytest.fixture
def here(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The project as the working directory; the package is installed, for the worker too."""
    monkeypatch.chdir(project)
    folder = install(tmp_path_factory.mktemp("site"))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with installed(folder):
        yield project


def refusal(project: Path, runtime: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as raised:
        compose(project, runtime)
    return str(raised.value)


def student(project: Path, **options: Any) -> Architecture:
    runtime = CHOICE | {"student": {"architecture": {"options": options}}} if options else CHOICE
    return Architecture(**compose(project, runtime)["student"]["architecture"])


def test_a_student_is_trained_in_the_worker_stored_and_shipped(here: Path) -> None:
    text_examples.text_table(here / "t.csv")
    examples, encoder, _ = ingest_examples(text_examples.text_data())
    job = Job(
        examples=str(examples),
        encoder=str(encoder),
        soft_labels=None,
        folder=str(here / "work"),
        fits=[a_fit(architecture=student(here), epochs=8, rows="labelled")],
        trainer=a_trainer(),
    )
    curves = train(job, here / "models")
    losses = [row["train_loss"] for row in curves]
    assert losses[-1] < losses[0]
    model, fitted = load_model(here / "models/student"), read_encoder(encoder)
    assert type(model).__name__ == "BagForSequenceClassification"
    rows = TableFile(examples).read()
    inputs = fitted.encode(rows.filter(rows["split"] == TEST))
    export_onnx(model, inputs, here / "model.onnx")
    assert measure_parity(model, here / "model.onnx", inputs).largest_difference < 1e-5


def test_padding_does_not_count(here: Path) -> None:
    encoder = text_examples.ENCODER
    model = build("bag", {"width": 4}, Shape.of(encoder), seed=0).eval()
    short = encoder.encode(text_examples.frame("my card is lost"))
    row, padded = torch.from_numpy(short), replace(encoder, length=40)
    longer = torch.from_numpy(padded.encode(text_examples.frame("my card is lost")))
    with torch.inference_mode():
        logits, features = logits_and_features(model, row)
        torch.testing.assert_close(logits_and_features(model, longer)[0], logits)
    assert features.pooled.shape == (1, 4)
    ids = np.asarray(short[0, 0])
    table = model.embedding.weight.detach()[ids[ids >= 0]]
    hidden = (table.mean(dim=0) @ model.hidden.weight.T + model.hidden.bias).clamp(min=0)
    expected = hidden @ model.last.weight.T + model.last.bias
    torch.testing.assert_close(logits[0], expected)


def test_its_options_and_inputs_are_checked_before_anything_runs(here: Path) -> None:
    options = {"student": {"architecture": {"options": {"width": 0}}}}
    key = "student.architecture.options"
    assert f"{key}.width is 0; it must be at least 1" in refusal(here, CHOICE | options)
    options = {"student": {"architecture": {"options": {"wdth": 8}}}}
    assert f"Did you mean {key}.width?" in refusal(here, CHOICE | options)
    hashed = CHOICE | {"data": TOKENS | {"text": {"encoding": "hashed"}}}
    assert "student.architecture is bag, but data.text.encoding is hashed" in refusal(here, hashed)
    with pytest.raises(ModelError, match=r"bag takes tokens and running_text, .*: mlp, resnet"):
        build("bag", {}, Shape.of(image_examples.ENCODER), seed=0)


def test_a_language_model_is_trained_in_the_worker_stored_and_shipped(here: Path) -> None:
    corpus = small_corpus(here, 60)
    runtime = {"groups": {"student": "bag", "experiment": "causal_lm"}}
    architecture = Architecture(**compose(here, runtime)["student"]["architecture"])
    job = Job(
        examples=str(corpus.examples.path),
        encoder=str(corpus.encoder),
        soft_labels=None,
        folder=str(here / "work"),
        fits=[a_fit(architecture=architecture, epochs=4)],
        trainer=a_trainer(),
    )
    losses = [row["train_loss"] for row in train(job, here / "models")]
    assert losses[-1] < losses[0]
    model = load_model(here / "models/student")
    inputs = corpus.fitted.encode(corpus.examples.read())[:8]
    export_onnx(model, inputs, here / "model.onnx")
    assert measure_parity(model, here / "model.onnx", inputs).largest_difference < 1e-4


def test_a_position_sees_its_own_text_up_to_itself(here: Path) -> None:
    vocabulary = Vocabulary(20, 6, "next_token")
    model = build("bag", {"width": 4}, Shape((3, 6), (), vocabulary), seed=0).eval()
    ids, positions = torch.tensor([[3, 4, 5, 6, 7, 8]]), torch.tensor([[0, 1, 2, 0, 1, 2]])
    with torch.inference_mode():
        both = model(input_ids=ids, position_ids=positions).logits[0]
        for part in (slice(0, 2), slice(3, 5)):  # each text alone, without its last token
            alone = model(input_ids=ids[:, part]).logits[0]
            torch.testing.assert_close(both[part], alone)


def test_without_the_package_it_is_unknown(project: Path) -> None:
    named = {"student": {"architecture": {"name": "bag"}}}
    words = refusal(project, named)
    assert words.startswith("student.architecture.name is bag, which is not an architecture.")
    assert words.endswith("Allowed: mlp, resnet, transformer, from_teacher.")
