"""Gradient checkpointing: equal gradients from fewer saved bytes, or a refusal of one line."""

import pytest
import torch
from support.examples.image_examples import Shape
from support.models.small_language_models import packs, small_model
from torch import Tensor
from transformers import PreTrainedModel

from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.hidden_states import logits_and_features, logits_only
from stillroom.models.gradient_checkpointing import enable_gradient_checkpointing

WIDE = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 8,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 50,
}


def rows() -> Tensor:
    return torch.from_numpy(packs([12, 20], [32]))


def gradients(model: PreTrainedModel, tokens: Tensor) -> list[Tensor]:
    torch.manual_seed(3)
    model.zero_grad()
    logits_only(model, tokens)[0].square().mean().backward()
    return [one.grad.clone() for one in model.parameters() if one.grad is not None]


@pytest.mark.parametrize(
    "name", ["gpt2", "llama", "gemma3_text", "gpt_neox", "qwen2", "gptj", "bert", "electra"]
)
def test_the_gradients_are_equal_bit_by_bit_with_the_dropout_of_its_config(name: str) -> None:
    model, tokens = small_model(name).train(), rows()
    plain = gradients(model, tokens)
    enable_gradient_checkpointing(model)
    again = gradients(model, tokens)
    assert len(plain) == len(again) > 5
    assert all(torch.equal(one, other) for one, other in zip(plain, again, strict=True))


def test_hidden_states_keep_their_gradients() -> None:
    model = small_model("llama").train()

    def gradient() -> Tensor:
        model.zero_grad()
        _, features = logits_and_features(model, rows())
        features.pooled.square().sum().backward()
        return next(one.grad for one in model.parameters() if one.grad is not None)

    plain = gradient()
    enable_gradient_checkpointing(model)
    torch.testing.assert_close(gradient(), plain, rtol=0, atol=0)


def test_eight_layers_save_less_than_two_fifths_of_the_bytes() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    options = {key: value for key, value in WIDE.items() if key != "model_type"}
    model = LlamaForCausalLM(LlamaConfig(**options)).train()
    tokens = torch.randint(0, 50, (1, 256))

    def saved() -> int:
        storages: dict[int, int] = {}
        weights = {one.untyped_storage().data_ptr() for one in model.parameters()}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                storages[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            held = model(input_ids=tokens, use_cache=False)
        del held
        return sum(storages.values())

    plain = saved()
    enable_gradient_checkpointing(model)
    assert 0 < saved() <= 0.4 * plain


def test_an_architecture_without_it_is_refused() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b")), seed=0)
    with pytest.raises(ModelError, match="Mlp has no gradient checkpointing"):
        enable_gradient_checkpointing(model)
