"""Imported classes: the copy gives the same logits, each under the name of its class."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from support.examples import text_examples
from support.examples.image_examples import ENCODER as IMAGES
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    RobertaConfig,
    ViTConfig,
    ViTForImageClassification,
)

from stillroom.data.encoders import write_encoder
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import (
    EXACT,
    PREPROCESSOR,
    architecture_hash,
    load_model,
    read_encoder,
)
from stillroom.teachers.import_teacher import import_teacher

TEXTS = text_examples.ENCODER  # the classes app, card, money
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 60,
    "vocab_size": TEXTS.tokenizer.size,
    "pad_token_id": 0,
}
IDS = torch.arange(5, 15)[None]


def given(folder: Path, names: list[str], config: Any = BertConfig, **keys: Any) -> Path:
    torch.manual_seed(0)
    labels = {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}}
    model = AutoModelForSequenceClassification.from_config(config(**SIZES, **labels))
    model.save_pretrained(folder)
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | keys))
    write_tokenizer(TEXTS.tokenizer, folder)
    return folder


def logits(folder: Path) -> torch.Tensor:
    with torch.inference_mode():
        return load_model(folder)(input_ids=IDS).logits


@pytest.mark.parametrize("config", [BertConfig, RobertaConfig])
def test_outputs_in_another_order_are_reordered_with_their_weights(
    tmp_path: Path, config: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = given(tmp_path / "s", ["money", "app", "card"], config)
    with caplog.at_level("INFO", logger="stillroom"):
        import_teacher(source, tmp_path / "t", TEXTS, EXACT)
    assert torch.equal(logits(tmp_path / "t"), logits(source)[:, [1, 2, 0]])
    assert load_model(tmp_path / "t").config.id2label == {0: "app", 1: "card", 2: "money"}
    assert read_encoder(tmp_path / "t").classes == TEXTS.classes
    assert "reordered to the classes of the examples: app, card, money" in caplog.text
    assert architecture_hash(tmp_path / "t") != architecture_hash(source)


def test_a_mapping_renames_and_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = given(tmp_path / "s", ["LABEL_0", "LABEL_1", "LABEL_2"])
    names = {"LABEL_0": "app", "LABEL_1": "card", "LABEL_2": "money"}
    with caplog.at_level("INFO", logger="stillroom"):
        import_teacher(source, tmp_path / "t", TEXTS, EXACT, names)
    assert torch.equal(logits(tmp_path / "t"), logits(source))
    assert "LABEL_0 is app, LABEL_1 is card, LABEL_2 is money" in caplog.text
    assert load_model(tmp_path / "t").config.label2id == {"app": 0, "card": 1, "money": 2}
    other = names | {"LABEL_0": "card", "LABEL_1": "app"}
    import_teacher(source, tmp_path / "u", TEXTS, EXACT, other)
    assert torch.equal(logits(tmp_path / "u"), logits(source)[:, [1, 0, 2]])
    assert len({architecture_hash(tmp_path / name) for name in ("t", "s")}) == 2


def test_equal_classes_leave_every_file_as_it_was(tmp_path: Path) -> None:
    source = given(tmp_path / "s", list(TEXTS.classes))
    import_teacher(source, tmp_path / "t", TEXTS, EXACT)
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "t" / name).read_bytes() == (source / name).read_bytes()


def test_an_output_layer_that_cannot_be_told_is_refused(tmp_path: Path) -> None:
    source = given(tmp_path / "s", ["money", "app", "card"], BertConfig)
    config = json.loads((source / "config.json").read_text())
    torch.manual_seed(0)
    sizes = SIZES | {"hidden_size": 3, "num_attention_heads": 1}
    labels = {"id2label": config["id2label"], "label2id": config["label2id"]}
    AutoModelForSequenceClassification.from_config(BertConfig(**sizes, **labels)).save_pretrained(
        source
    )
    with pytest.raises(ModelError, match=r"Set data\.classes to the teacher's order"):
        import_teacher(source, tmp_path / "t", TEXTS, EXACT)


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression", "something_else"])
def test_a_classifier_of_several_labels_at_once_is_refused(tmp_path: Path, problem: str) -> None:
    source = given(tmp_path / "s", list(TEXTS.classes), problem_type=problem)
    with pytest.raises(ModelError, match=f"sets problem_type to {problem}, .*one for each label"):
        import_teacher(source, tmp_path / "t", TEXTS, EXACT)
    assert not (tmp_path / "t").exists()


def test_a_classifier_of_one_label_at_once_is_read(tmp_path: Path) -> None:
    problem = "single_label_classification"
    source = given(tmp_path / "s", list(TEXTS.classes), problem_type=problem)
    import_teacher(source, tmp_path / "t", TEXTS, EXACT)


def test_a_score_is_refused(tmp_path: Path) -> None:
    source = given(tmp_path / "s", ["LABEL_0"])
    with pytest.raises(ModelError, match="has 1 output, a score or a regression"):
        import_teacher(source, tmp_path / "t", TEXTS, EXACT)


def test_an_image_classifier_of_several_labels_is_refused(tmp_path: Path) -> None:
    sizes = {name: SIZES[name] for name in list(SIZES)[:4]}
    names = dict(enumerate(IMAGES.classes))
    config = ViTConfig(**sizes, image_size=28, patch_size=14, num_channels=1, id2label=names)
    config.problem_type = "multi_label_classification"
    ViTForImageClassification(config).save_pretrained(tmp_path / "s")
    write_encoder(IMAGES, tmp_path / "s", PREPROCESSOR)
    with pytest.raises(ModelError, match="sets problem_type to multi_label_classification"):
        import_teacher(tmp_path / "s", tmp_path / "t", IMAGES, EXACT)
