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
    read_prompt,
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
        (modules("Transformer", "Normalize", "Pooling"), "Allowed is this order"),
        (modules("Transformer", "Pooling", "Pooling"), "Allowed is this order"),
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
    ("fields", "mode"),
    [
        ({"pooling_mode": "mean", "embedding_dimension": 16, "include_prompt": True}, "mean"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
        ({"pooling_mode": ["max"]}, "max"),
        ({"pooling_mode": ["mean", "cls"]}, "mean+cls"),
        ({"pooling_mode": "weightedmean", "pooling_mode_mean_tokens": True}, "weightedmean"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, "mean_sqrt_len_tokens"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, "cls+mean"),
    ],
)
def test_each_way_of_writing_the_pooling_is_read(
    tmp_path: Path, fields: dict[str, Any], mode: str
) -> None:
    folder = sentence_folder(tmp_path / "s")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(fields))
    assert read_pooling(folder) == Pooling(mode, True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pooling_mode": "attention"}, r"sets attention\. Allowed: pooling_mode with one or"),
        ({"pooling_mode": ["mean", "median"]}, "sets median"),
        ({"pooling_mode": []}, "sets no pooling mode"),
        ({"pooling_mode_mean_tokens": False}, "sets no pooling mode"),
        ({"pooling_mode_median_tokens": True}, "sets pooling_mode_median_tokens"),
        ({"pooling_mode": "mean", "include_prompt": "no"}, "include_prompt to 'no'"),
    ],
)
def test_other_poolings_are_refused(tmp_path: Path, fields: dict[str, Any], words: str) -> None:
    folder = sentence_folder(tmp_path / "s")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(fields))
    with pytest.raises(ModelError, match=words):
        read_pooling(folder)


def test_whether_the_prompt_is_pooled_is_read(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "s")
    fields = {"pooling_mode": "mean", "include_prompt": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(fields))
    assert read_pooling(folder) == Pooling("mean", True, includes_prompt=False)


@pytest.mark.parametrize(
    ("document", "prompt"),
    [
        ({"prompts": {"a": "sort: ", "b": "find: "}, "default_prompt_name": "a"}, "sort: "),
        ({"prompts": {"a": "sort: "}, "default_prompt_name": None}, ""),
        ({"prompts": {"query": "", "document": ""}, "default_prompt_name": "query"}, ""),
        ({"similarity_fn_name": "cosine"}, ""),
        ([], ""),
    ],
)
def test_the_default_prompt_is_read(tmp_path: Path, document: Any, prompt: str) -> None:
    assert read_prompt(tmp_path) == ""
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(document))
    assert read_prompt(tmp_path) == prompt


@pytest.mark.parametrize(
    "document",
    [
        {"default_prompt_name": "a"},
        {"prompts": {"b": "x"}, "default_prompt_name": "a"},
        {"prompts": {"a": 3}, "default_prompt_name": "a"},
        {"prompts": [], "default_prompt_name": "a"},
    ],
)
def test_a_default_prompt_that_is_missing_is_refused(tmp_path: Path, document: Any) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match=r"Add the prompt, or set default_prompt_name to null"):
        read_prompt(tmp_path)


def test_texts_that_would_be_lower_cased_first_are_refused(tmp_path: Path) -> None:
    folder = sentence_folder(tmp_path / "s")
    (folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    with pytest.raises(ModelError, match="sets do_lower_case"):
        read_sentence_encoder(folder)


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
