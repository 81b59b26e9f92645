"""Auto classes: what transformers builds for an architecture, by its own tables."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from stillroom.errors import ModelError
from stillroom.models.pretrained.auto_classes import auto_class, is_bare_encoder
from stillroom.models.pretrained.model_directory import load_model

CAUSAL, MASKED = "AutoModelForCausalLM", "AutoModelForMaskedLM"
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 90,
    "head_dim": 16,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
VISION = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 28,
    "patch_size": 14,
}


def config(folder: Path, architecture: str, model_type: str, **keys: Any) -> Path:
    document = {"architectures": [architecture], "model_type": model_type} | keys
    (folder / "config.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(
    ("architecture", "model_type", "expected"),
    [
        ("GPT2LMHeadModel", "gpt2", CAUSAL),
        ("GPT2DoubleHeadsModel", "gpt2", CAUSAL),
        ("OpenAIGPTLMHeadModel", "openai-gpt", CAUSAL),
        ("CTRLLMHeadModel", "ctrl", CAUSAL),
        ("BertLMHeadModel", "bert", CAUSAL),
        ("ReformerModelWithLMHead", "reformer", CAUSAL),
        ("BertForMaskedLM", "bert", MASKED),
        ("BertForPreTraining", "bert", MASKED),
        ("FlaubertWithLMHeadModel", "flaubert", MASKED),
        ("XLMWithLMHeadModel", "xlm", MASKED),
        ("Gemma3ForConditionalGeneration", "gemma3", CAUSAL),
        ("Llama4ForConditionalGeneration", "llama4", CAUSAL),
        ("BertForSequenceClassification", "bert", "AutoModelForSequenceClassification"),
        ("DeiTForImageClassificationWithTeacher", "deit", "AutoModelForImageClassification"),
    ],
)
def test_the_tables_of_transformers_decide(
    tmp_path: Path, architecture: str, model_type: str, expected: str
) -> None:
    assert auto_class(config(tmp_path, architecture, model_type)) == expected


def test_a_class_of_both_kinds_is_what_its_config_says(tmp_path: Path) -> None:
    assert auto_class(config(tmp_path, "XLMWithLMHeadModel", "xlm", causal=True)) == CAUSAL
    assert auto_class(config(tmp_path, "XLMWithLMHeadModel", "xlm", causal=False)) == MASKED


@pytest.mark.parametrize(
    ("architecture", "model_type", "words"),
    [
        ("BertModel", "bert", r"has no head\. Set teacher\.source=sentence"),
        ("GPT2Model", "gpt2", "has no head"),
        ("T5ForConditionalGeneration", "t5", "an encoder with a decoder"),
        ("BartForConditionalGeneration", "bart", "an encoder with a decoder"),
        ("MarianMTModel", "marian", "an encoder with a decoder"),
        ("Qwen2VLForConditionalGeneration", "qwen2_vl", "Save its language model as a model"),
        ("Mistral3ForConditionalGeneration", "mistral3", "Save its language model as a model"),
        ("BertForTokenClassification", "bert", "Save the model with its head"),
        ("LlamaForCausalLM", "bert", "Save the model with its head"),
        ("TheirForCausalLM", "theirs", "Save the model with its head"),
    ],
)
def test_what_no_auto_class_builds_is_refused_with_a_way_out(
    tmp_path: Path, architecture: str, model_type: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words) as raised:
        auto_class(config(tmp_path, architecture, model_type))
    assert architecture in str(raised.value)


def test_bare_encoders_are_known_by_their_class() -> None:
    assert is_bare_encoder({"architectures": ["MPNetModel"], "model_type": "mpnet"})
    assert not is_bare_encoder({"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"})
    assert not is_bare_encoder({"architectures": "BertModel"})


def gemma3() -> Any:
    return hf.Gemma3ForConditionalGeneration(
        hf.Gemma3Config(text_config=TEXT, vision_config=VISION)
    )


def llama4() -> Any:
    text = TEXT | {"num_local_experts": 2, "intermediate_size_mlp": 32}
    sizes = dict.fromkeys(("vision_output_dim", "projector_input_dim"), 32)
    vision = VISION | sizes | {"projector_output_dim": 32}
    return hf.Llama4ForConditionalGeneration(
        hf.Llama4Config(text_config=text, vision_config=vision)
    )


def qwen3_5() -> Any:
    heads = {"linear_num_key_heads": 2, "linear_num_value_heads": 2}
    text = TEXT | heads | {"layer_types": ["full_attention"] * 2}
    vision = VISION | {"depth": 1, "num_heads": 2, "out_hidden_size": 32}
    return hf.Qwen3_5ForConditionalGeneration(
        hf.Qwen3_5Config(text_config=text, vision_config=vision)
    )


def got_ocr2() -> Any:
    return hf.GotOcr2ForConditionalGeneration(
        hf.GotOcr2Config(text_config=TEXT, vision_config=VISION)
    )


@pytest.mark.parametrize("build", [gemma3, llama4, qwen3_5, got_ocr2])
def test_a_model_of_images_and_texts_answers_texts_as_before(tmp_path: Path, build: Any) -> None:
    torch.manual_seed(0)
    model = build().eval()
    model.save_pretrained(tmp_path)
    loaded, ids = load_model(tmp_path), torch.arange(3, 15)[None]
    with torch.no_grad():
        expected = model(input_ids=ids).logits
        assert torch.equal(loaded(input_ids=ids).logits, expected)
    assert loaded.config.get_text_config().vocab_size == 90


def test_weights_of_the_language_model_alone_are_read_beside_the_whole_config(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    whole = gemma3().config
    text = hf.Gemma3ForCausalLM(whole.text_config).eval()
    text.save_pretrained(tmp_path)
    whole.architectures = ["Gemma3ForConditionalGeneration"]
    whole.save_pretrained(tmp_path)
    loaded, ids = load_model(tmp_path), torch.arange(3, 15)[None]
    assert type(loaded) is hf.Gemma3ForCausalLM
    with torch.no_grad():
        assert torch.equal(loaded(input_ids=ids).logits, text(input_ids=ids).logits)
