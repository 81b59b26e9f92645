"""Pretrained initialisation, compared with what `transformers` loads from the same folder."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from support.examples.corpus_examples import CorpusOnDisk, small_corpus
from transformers import PreTrainedModel

from stillroom.data.encoders import ArrayEncoder, TokenEncoder
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError
from stillroom.models.pretrained_init import student_of_pretrained

TOKENIZER = train_tokenizer(["the cat sat on the mat"] * 30, 300, "masked_token")
TEXTS = TokenEncoder.of(TOKENIZER, ("bad", "fair", "good"), 16)
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
BERT = SIZES | {"intermediate_size": 24, "vocab_size": TOKENIZER.size, "pad_token_id": 0}
IDS = torch.tensor([[2, 40, 41, 42, 3]])


def image_encoder(side: int) -> ArrayEncoder:
    return ArrayEncoder(
        kind="image",
        classes=("cat", "dog"),
        shape=(3, side, side),
        raw_shape=(side, side, 3),
        mean=(0.0,) * 3,
        scale=(1.0,) * 3,
    )


def saved(architecture: str, settings: dict[str, Any], folder: Path, tokens: bool = True) -> Path:
    kind = getattr(transformers, architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        kind(kind.config_class(**settings)).save_pretrained(folder)
    if tokens:
        write_tokenizer(TOKENIZER, folder)
    return folder


def theirs(folder: Path) -> torch.Tensor:
    """The hidden states that transformers gets from the base model in a folder."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(IDS).last_hidden_state


def ours(student: PreTrainedModel) -> torch.Tensor:
    base: Any = getattr(student, student.base_model_prefix)
    with torch.no_grad():
        return base.eval()(IDS).last_hidden_state


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        ("BertForMaskedLM", BERT),
        ("BertModel", BERT),
        ("BertForSequenceClassification", BERT | {"num_labels": 2}),
        ("RobertaForMaskedLM", BERT | {"max_position_embeddings": 20}),
        ("ElectraForPreTraining", BERT | {"embedding_size": 16}),
        ("LlamaForCausalLM", BERT),
    ],
)
def test_a_classifier_has_the_base_of_any_model_and_a_new_head_from_the_seed(
    architecture: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    path = saved(architecture, settings, tmp_path / "m")
    student, again, other = (student_of_pretrained(path, TEXTS, seed) for seed in (0, 0, 1))
    assert student.training
    assert student.config.id2label == {0: "bad", 1: "fair", 2: "good"}
    torch.testing.assert_close(ours(student), theirs(path), atol=1e-6, rtol=0)
    with torch.no_grad():
        first, second, third = (one.eval()(IDS).logits for one in (student, again, other))
    assert first.shape == (1, 3)
    assert torch.equal(first, second)
    assert not torch.allclose(first, third)


def test_a_head_of_the_same_classes_stays(tmp_path: Path) -> None:
    labels = {"id2label": {0: "bad", 1: "fair", 2: "good"}}
    path = saved("BertForSequenceClassification", BERT | labels, tmp_path / "m")
    given = transformers.AutoModelForSequenceClassification.from_pretrained(path).eval()
    with torch.no_grad():
        expected = given(IDS).logits
        assert torch.equal(student_of_pretrained(path, TEXTS, 5).eval()(IDS).logits, expected)


def test_a_head_of_other_classes_of_the_same_number_is_replaced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labels = {"id2label": {0: "good", 1: "fair", 2: "bad"}}
    path = saved("BertForSequenceClassification", BERT | labels, tmp_path / "m")
    given = transformers.AutoModelForSequenceClassification.from_pretrained(path)
    with caplog.at_level("INFO"):
        student: Any = student_of_pretrained(path, TEXTS, 5)
    assert not torch.allclose(student.classifier.weight, given.classifier.weight)
    assert "new head of 3 classes: classifier.bias, classifier.weight" in caplog.text


def test_a_tensor_of_the_base_that_the_file_lacks_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = saved("BertForMaskedLM", BERT, tmp_path / "m")
    tensors = load_file(path / "model.safetensors")
    del tensors["bert.encoder.layer.1.attention.self.query.weight"]
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"missing keys bert\.encoder\.layer\.1"):
        student_of_pretrained(path, TEXTS, 0)


def test_another_tokenizer_is_refused_with_both_hashes(tmp_path: Path) -> None:
    path = saved("BertForMaskedLM", BERT, tmp_path / "m", tokens=False)
    write_tokenizer(train_tokenizer(["other words here"] * 9, 300, "masked_token"), path)
    with pytest.raises(ModelError, match=r"knows only its own tokens\. Set data\.text\.tokenizer="):
        student_of_pretrained(path, TEXTS, 0)


@pytest.mark.parametrize("architecture", ["ViT", "ResNet", "ConvNext", "MobileNetV2"])
def test_a_model_of_images_keeps_its_base(architecture: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "ViT": SIZES | {"intermediate_size": 24, "image_size": 32, "patch_size": 8},
        "ResNet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]},
        "ConvNext": {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2},
        "MobileNetV2": {"depth_multiplier": 0.35},
    }[architecture]
    path = saved(f"{architecture}ForImageClassification", settings, tmp_path / "m", tokens=False)
    student = student_of_pretrained(path, image_encoder(32), 0).eval()
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    base: Any = getattr(student, student.base_model_prefix)
    given = transformers.AutoModel.from_pretrained(path).eval()
    with torch.no_grad():
        expected = given(images).last_hidden_state
        torch.testing.assert_close(base(images).last_hidden_state, expected, atol=1e-5, rtol=1e-4)
        assert student(images).logits.shape == (2, 2)


def test_images_of_another_size_are_refused_with_the_way_out(tmp_path: Path) -> None:
    settings = SIZES | {"intermediate_size": 24, "image_size": 32, "patch_size": 8}
    path = saved("ViTForImageClassification", settings, tmp_path / "m", tokens=False)
    with pytest.raises(ModelError, match=r"does not take images of 24x24 .* data\.image\.size"):
        student_of_pretrained(path, image_encoder(24), 0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def language_model(corpus: CorpusOnDisk, folder: Path, rows: int) -> Path:
    settings = SIZES | {"intermediate_size": 24, "vocab_size": rows, "tie_word_embeddings": True}
    saved("LlamaForCausalLM", settings, folder, tokens=False)
    write_tokenizer(corpus.fitted.tokenizer, folder)
    return folder


def test_a_language_model_starts_without_the_padding_of_its_vocabulary(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    size = corpus.fitted.tokenizer.size
    path = language_model(corpus, tmp_path / "m", size + 24)
    student = student_of_pretrained(path, corpus.fitted, 0).eval()
    given = transformers.AutoModelForCausalLM.from_pretrained(path).eval()
    ids = torch.arange(5, 15)[None]
    with torch.no_grad():
        assert student(ids).logits.shape[-1] == size
        torch.testing.assert_close(student(ids).logits, given(ids).logits[..., :size])


def test_a_table_with_fewer_rows_than_tokens_is_refused(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    path = language_model(corpus, tmp_path / "m", corpus.fitted.tokenizer.size - 5)
    with pytest.raises(ModelError, match="embeddings of"):
        student_of_pretrained(path, corpus.fitted, 0)


def test_a_model_of_another_task_does_not_become_a_language_model(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    path = saved("BertForMaskedLM", BERT, tmp_path / "m", tokens=False)
    write_tokenizer(corpus.fitted.tokenizer, path)
    with pytest.raises(ModelError, match=r"data\.corpus\.task is next_token"):
        student_of_pretrained(path, corpus.fitted, 0)


def test_a_link_out_of_the_folder_and_code_are_refused(tmp_path: Path) -> None:
    path = saved("BertForMaskedLM", BERT, tmp_path / "m")
    (path / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
    (path / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(ModelError, match="is a link to another place"):
        student_of_pretrained(path, TEXTS, 0)
    coded = saved("BertForMaskedLM", BERT, tmp_path / "coded")
    document = json.loads((coded / "config.json").read_text())
    changed = document | {"auto_map": {"AutoModel": "evil.Model"}, "model_type": "evil"}
    (coded / "config.json").write_text(json.dumps(changed))
    with pytest.raises(ModelError, match="needs the code beside the model"):
        student_of_pretrained(coded, TEXTS, 0)
