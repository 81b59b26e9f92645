"""Adding an adapter: what is trained and frozen; the first step still sees the old model."""

from typing import Any

import pytest
import torch
import transformers
from support.models.small_language_models import packs, small_model

from stillroom.config.schema import Adapter
from stillroom.errors import ModelError
from stillroom.models.adapters.add_adapter import add_adapter, is_adapted
from stillroom.models.forward.hidden_states import logits_only
from stillroom.models.forward.lm_head import is_linear_head

peft = pytest.importorskip("peft", reason="pip install 'stillroom[adapters]'")

LORA = Adapter(kind="lora", rank=4, alpha=8, dropout=0.0, targets=None)
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
BERT = SIZES | {"intermediate_size": 24, "vocab_size": 60, "pad_token_id": 0, "num_labels": 3}


def classifier(architecture: str, settings: dict[str, Any]) -> Any:
    kind = getattr(transformers, architecture)
    return kind(kind.config_class(**settings))


def trained(model: Any) -> set[str]:
    """The names of trained parameters, as in the base."""
    names = (name for name, one in model.named_parameters() if one.requires_grad)
    return {name.replace(".modules_to_save.default", "").replace(".default", "") for name in names}


@pytest.mark.parametrize("model_type", ["llama", "gemma3_text", "gpt2", "bert"])
def test_a_language_model_answers_as_before_and_only_its_matrices_are_trained(
    model_type: str,
) -> None:
    model = small_model(model_type)
    inputs = torch.from_numpy(packs([32], [20, 9], is_masked=model_type == "bert"))
    with torch.no_grad():
        before = logits_only(model, inputs)[0]
        add_adapter(model, LORA, seed=3)
        assert torch.equal(logits_only(model, inputs)[0], before)
    assert is_adapted(model)
    assert not is_adapted(small_model(model_type))
    layers, matrices = 2, 2 * (1 if model_type == "gpt2" else 2)
    assert len(trained(model)) == layers * matrices
    assert all(".lora_" in name for name in trained(model))
    if model_type != "bert":
        assert is_linear_head(model, inputs)


def test_the_number_of_trained_parameters_is_pefts(caplog: pytest.LogCaptureFixture) -> None:
    model = small_model("llama")
    with caplog.at_level("INFO"):
        add_adapter(model, LORA, seed=0)
    # Queries have 32 inputs and outputs, values 16 outputs; two layers, rank 4.
    assert sum(one.numel() for one in model.parameters() if one.requires_grad) == 2 * 4 * (64 + 48)
    assert "The adapter trains 896 of " in caplog.text


@pytest.mark.parametrize(
    ("architecture", "settings", "head"),
    [
        ("BertForSequenceClassification", BERT, {"bert.pooler.dense", "classifier"}),
        (
            "RobertaForSequenceClassification",
            BERT,
            {"classifier.dense", "classifier.out_proj"},
        ),
        ("LlamaForSequenceClassification", BERT, {"score"}),
        ("DebertaV2ForSequenceClassification", BERT, {"pooler.dense", "classifier"}),
    ],
)
def test_the_head_of_a_classifier_is_trained_whole(
    architecture: str, settings: dict[str, Any], head: set[str]
) -> None:
    model = classifier(architecture, settings)
    add_adapter(model, LORA, seed=0)
    assert {name.rpartition(".")[0] for name in trained(model) if ".lora_" not in name} == head


def test_the_seed_draws_the_matrices_and_no_other_number() -> None:
    drawn = []
    for seed in (0, 0, 1):
        model = small_model("llama")
        torch.manual_seed(5)
        add_adapter(model, LORA, seed)
        after = torch.rand(1)
        drawn.append((model.model.layers[0].self_attn.q_proj.lora_A["default"].weight, after))
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert not torch.equal(drawn[0][0], drawn[2][0])
    assert len({float(after) for _, after in drawn}) == 1


def test_a_model_with_batch_statistics_is_refused() -> None:
    settings = {"embedding_size": 8, "hidden_sizes": [8], "depths": [1]}
    model = classifier("ResNetForImageClassification", settings)
    with pytest.raises(ModelError, match=r"normalises by batches .* set groups\.adapter=none"):
        add_adapter(model, LORA, seed=0)


def test_what_peft_refuses_is_one_line_with_a_way_out() -> None:
    settings = {"hidden_sizes": [6, 8], "depths": [1, 1], "num_stages": 2}
    model = classifier("ConvNextForImageClassification", settings)
    lora = Adapter(kind="lora", rank=4, alpha=8, dropout=0.0, targets=["dwconv"])
    with pytest.raises(ModelError, match=r"rank is divisible by groups.*groups\.adapter=none"):
        add_adapter(model, lora, seed=0)
