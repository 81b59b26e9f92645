"""Classifiers with an adapter: a new head is trained whole, saved, merged, and peft opens it."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from support.examples.image_examples import ImageExamples, image_examples, written
from support.examples.text_examples import TOKENIZER, text_data, text_table
from support.training.jobs import a_fit, a_job, fitted, train_here

from stillroom.config.schema import PRETRAINED, Adapter, Architecture
from stillroom.data.encoders import read_encoder
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.io.tables import TableFile, write_table
from stillroom.models.pretrained.model_directory import architecture_hash, load_model
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.training.job import Start

peft = pytest.importorskip("peft", reason="pip install 'stillroom[adapters]'")

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 24}


def saved(kind: Any, settings: dict[str, Any], folder: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        kind(kind.config_class(**settings)).save_pretrained(folder)
    return folder


def trained(made: ImageExamples, base: Path, targets: list[str] | None, folder: Path) -> Path:
    """Train on hard labels and return the model directory; the loss must fall."""
    hashes = {"weights": weights_hash(base), "architecture": architecture_hash(base)}
    fit = a_fit(
        architecture=Architecture(name=PRETRAINED, options={}),
        optimisation=fitted(epochs=4, batch_size=16, lr=0.02),
        start=Start(path=str(base), **hashes),
        adapter=Adapter(kind="lora", rank=2, alpha=4, dropout=0.0, targets=targets),
    )
    curve = train_here(a_job(made, folder / "job", fits=[fit]), folder / "models")
    assert curve[-1]["train_loss"] < curve[0]["train_loss"]
    return folder / "models" / "student"


def adapter_names(model: Path) -> set[str]:
    weights = load_file(model / "adapter" / "adapter_model.safetensors")
    return {name.removeprefix("base_model.model.") for name in weights}


def test_texts_with_a_new_head_and_a_new_pooler(tmp_path: Path) -> None:
    text_table(tmp_path / "t.csv", 90)
    ingested = ingest(text_data(text={"length": 20}), tmp_path)
    write_table(ingested.examples, tmp_path / "examples.parquet")
    encoder = written(ingested.encoder, tmp_path / "encoder")
    made = ImageExamples(TableFile(tmp_path / "examples.parquet"), encoder)
    tokens = {"vocab_size": ingested.encoder.tokenizer.size, "pad_token_id": TOKENIZER.padding}
    base = saved(transformers.BertForMaskedLM, SIZES | tokens, tmp_path / "base")
    write_tokenizer(ingested.encoder.tokenizer, base)
    student = trained(made, base, None, tmp_path)
    heads = {name for name in adapter_names(student) if ".lora_" not in name}
    whole = ("classifier", "bert.pooler.dense")
    assert heads == {f"{name}.{part}" for name in whole for part in ("weight", "bias")}
    labels = {"id2label": load_model(student).config.id2label}
    opened = transformers.AutoModelForSequenceClassification.from_pretrained(base, **labels)
    require_equal_answers(student, opened, torch.arange(5, 15).view(2, 5))


def test_images_with_named_targets(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    channels, side, _ = read_encoder(made.encoder).shape
    sizes = {"num_channels": channels, "image_size": side, "patch_size": 4}
    base = saved(transformers.ViTForImageClassification, SIZES | sizes, tmp_path / "base")
    student = trained(made, base, ["q_proj", "v_proj"], tmp_path)
    heads = {name for name in adapter_names(student) if ".lora_" not in name}
    assert heads == {"classifier.weight", "classifier.bias"}
    config = load_model(student).config
    labels = {"id2label": config.id2label, "ignore_mismatched_sizes": True}
    opened = transformers.ViTForImageClassification.from_pretrained(base, **labels)
    require_equal_answers(student, opened, torch.rand(2, channels, side, side))


def require_equal_answers(student: Path, base: Any, inputs: torch.Tensor) -> None:
    """Compare the merged model with peft's, on a base that has another head."""
    theirs = peft.PeftModel.from_pretrained(base, student / "adapter").eval()
    with torch.no_grad():
        expected = load_model(student)(inputs).logits
        torch.testing.assert_close(theirs(inputs).logits, expected, atol=1e-5, rtol=0)
