"""Folders of sentence encoders: their pooling is known, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.examples.text_examples import LENGTH, sentence_folder

from stillroom.errors import ModelError
from stillroom.models.pretrained.sentence_transformers import (
    Pooling,
    read_max_length,
    read_pooling,
    read_sentence_encoder,
)


def modules(*kinds: str, path: str = "1_Pooling") -> list[dict[str, Any]]:
    return [{"path": path if kind == "Pooling" else "", "type": f"a.b.{kind}"} for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "pooling", "expected"),
    [
        (["Transformer", "Pooling", "Normalize"], "mean_tokens", Pooling("mean", True)),
        (["Transformer", "Pooling"], "cls_token", Pooling("cls", False)),
    ],
)
def test_pooling_is_read(tmp_path: Path, kinds: list[str], pooling: str, expected: Pooling) -> None:
    folder = sentence_folder(tmp_path / "s", **{f"pooling_mode_{pooling}": True})
    (folder / "modules.json").write_text(json.dumps(modules(*kinds)))
    assert read_pooling(folder) == expected


def test_a_plain_encoder_is_averaged_at_length_one(tmp_path: Path) -> None:
    assert read_pooling(tmp_path) == Pooling("mean", True)


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (modules("Transformer", "Pooling", "Dense"), "lists Dense. Allowed: Transformer"),
        (modules("Transformer"), "lists no Pooling"),
        ({"a": 1}, "lists no Pooling"),
        (modules("Transformer", "Pooling", path="../.."), "names the folder"),
        (modules("Transformer", "Pooling", path=".."), "names the folder"),
    ],
)
def test_other_modules_are_refused(tmp_path: Path, listed: Any, words: str) -> None:
    folder = sentence_folder(tmp_path / "s")
    (folder / "modules.json").write_text(json.dumps(listed))
    with pytest.raises(ModelError, match=words):
        read_pooling(folder)


@pytest.mark.parametrize(
    "chosen",
    [
        {"pooling_mode_max_tokens": True},
        {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True},
        {"pooling_mode_mean_tokens": False},
    ],
    ids=["max", "two", "none"],
)
def test_other_poolings_are_refused(tmp_path: Path, chosen: dict[str, bool]) -> None:
    with pytest.raises(ModelError, match="exactly one of pooling_mode_mean_tokens"):
        read_pooling(sentence_folder(tmp_path / "s", **chosen))


def test_the_length_is_the_smallest_of_the_given_ones(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "s")
    encoder = read_sentence_encoder(folder)
    assert read_max_length(folder, encoder) == LENGTH
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 999}')
    assert read_max_length(folder, encoder) == 40
    (folder / "sentence_bert_config.json").unlink()
    assert read_max_length(folder, encoder) == 40


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "s")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(
        ModelError, match=r"do not fit config\.json: missing keys encoder\.layer\.2"
    ):
        read_sentence_encoder(folder)
