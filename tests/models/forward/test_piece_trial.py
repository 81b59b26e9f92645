"""The trial: its verdict does not depend on precision or length, and it leaves no trace."""

import pytest
import torch
from support.models.small_language_models import APART, APART_MASKED, LEAKS, small_model
from transformers import GPT2Config, GPT2LMHeadModel

from stillroom.models.forward.piece_trial import is_apart


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("model_type", ["gpt2", "gemma3_text", "qwen2", "bert"])
def test_who_keeps_them_apart_does_so_in_each_precision(
    model_type: str, dtype: torch.dtype
) -> None:
    assert model_type in APART | APART_MASKED
    assert is_apart(small_model(model_type).to(dtype), 32)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("model_type", ["opt", "mamba", "falcon"])
def test_who_does_not_is_found_out_in_each_precision(model_type: str, dtype: torch.dtype) -> None:
    assert model_type in LEAKS
    assert not is_apart(small_model(model_type).to(dtype), 0)


def test_a_model_of_few_tokens_is_tried_on_fewer() -> None:
    config = GPT2Config(vocab_size=20, n_positions=7, n_embd=8, n_layer=1, n_head=1)
    assert is_apart(GPT2LMHeadModel(config), 64)


def test_mode_and_random_numbers_stay_as_they_were() -> None:
    for model in (small_model("gpt2").train(), small_model("gpt2").eval()):
        torch.manual_seed(3)
        mode, state = model.training, torch.get_rng_state()
        is_apart(model, 0)
        assert model.training is mode
        assert torch.equal(torch.get_rng_state(), state)
        assert all(weight.grad is None for weight in model.parameters())
