"""Sentence encoders: pooling by hand, and equal logits after a round trip through a folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples.text_examples import ENCODER, frame, sentence_folder

from stillroom.errors import ModelError
from stillroom.models.architectures.sentence_encoder import (
    SentenceConfig,
    embeddings,
    sentence_classifier,
)
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.forward.hidden_states import logits_and_features
from stillroom.models.pretrained.model_directory import load_model, read_encoder, save_model
from stillroom.models.pretrained.sentence_transformers import read_sentence_encoder

ROWS = ENCODER.encode(frame("where is my card?", "the transfer is late", "phone"))


def made(folder: Path, pooling: str = "mean", normalise: bool = True) -> Any:
    """Return a model with a random head."""
    model = sentence_classifier(read_sentence_encoder(folder), ENCODER.classes, pooling, normalise)
    with torch.no_grad():
        model.classifier.weight.copy_(
            torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
        )
    return model


@pytest.mark.parametrize(("pooling", "normalise"), [("mean", True), ("mean", False), ("cls", True)])
def test_states_are_pooled_over_tokens_alone(tmp_path: Path, pooling: str, normalise: bool) -> None:
    model = made(sentence_folder(tmp_path / "s"), pooling, normalise)
    for row, row_logits in zip(ROWS, logits(model, ROWS, 2), strict=True):
        ids = torch.from_numpy(row[0][row[0] >= 0]).long()[None]
        with torch.inference_mode():
            states = model.encoder(input_ids=ids).last_hidden_state[0].numpy().astype(np.float64)
        vector = states.mean(axis=0) if pooling == "mean" else states[0]
        vector = vector / np.sqrt((vector**2).sum()) if normalise else vector
        expected = model.classifier.weight.detach().numpy() @ vector
        np.testing.assert_allclose(row_logits, expected, atol=1e-5)


def test_a_model_survives_its_folder_to_the_bit(tmp_path: Path) -> None:
    model = made(sentence_folder(tmp_path / "s"))
    save_model(model, ENCODER, tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert (logits(loaded, ROWS, 2) == logits(model, ROWS, 2)).all()
    assert read_encoder(tmp_path / "m") == ENCODER
    assert "pooler.dense.weight" not in "".join(loaded.state_dict())
    document = json.loads((tmp_path / "m" / "config.json").read_text())
    assert document["architectures"] == ["SentenceForSequenceClassification"]
    assert document["text_config"]["num_hidden_layers"] == 2


def test_fewer_layers_are_a_smaller_config_away(tmp_path: Path) -> None:
    model = made(sentence_folder(tmp_path / "s"))
    config = SentenceConfig.from_dict(model.config.to_dict())
    config.text_config.num_hidden_layers = 1
    shorter = type(model)(config).eval()
    kept = {name: one for name, one in model.state_dict().items() if ".layer.1." not in name}
    assert set(shorter.state_dict()) == set(kept)
    shorter.load_state_dict(kept)
    assert logits(shorter, ROWS, 2).shape == (3, 3)


def test_it_shows_its_hidden_states(tmp_path: Path) -> None:
    model = made(sentence_folder(tmp_path / "s"))
    with torch.inference_mode():
        _, features = logits_and_features(model, torch.from_numpy(ROWS))
        vectors = embeddings(model, torch.from_numpy(ROWS))
    assert len(features.hidden) == 3
    pooled = torch.nn.functional.normalize(features.pooled, dim=1)
    torch.testing.assert_close(pooled, vectors)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"pooling": "mean+median"}, "pooling 'median' is unknown. Allowed: mean, "),
        ({"text_config": {"model_type": "nothing"}}, "model_type 'nothing'"),
        ({"text_config": {"model_type": "stillroom_sentence"}}, "model_type 'stillroom_sentence'"),
    ],
)
def test_what_is_not_known_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        SentenceConfig(**values)
