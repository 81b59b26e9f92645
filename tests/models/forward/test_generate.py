"""Generation: each time the likeliest token of the vocabulary, up to the end of the text."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from support.examples.corpus_examples import GPT2, CorpusOnDisk, small_corpus
from transformers import GenerationConfig, GPTNeoConfig, GPTNeoForCausalLM

from stillroom.models.architecture_registry import build
from stillroom.models.forward.generate import GenerationLimits, greedy_continuations, takes


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def test_each_token_is_the_likeliest_after_all_before_it(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    beginnings = [[5, 9, 11, 30], [40, 2, 7, 7]]
    limits = GenerationLimits(9, (299,), corpus.fitted.outputs)
    continuations = greedy_continuations(model, beginnings, limits)
    for begun, continuation in zip(beginnings, continuations, strict=True):
        assert len(continuation) == 9
        for at, token in enumerate(continuation):
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([begun + continuation[:at]])).logits[0, -1]
            assert token == int(logits.argmax())


def test_a_text_ends_at_its_end(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    limits = GenerationLimits(9, (299,), corpus.fitted.outputs)
    (free,) = greedy_continuations(model, [[5, 9, 11, 30]], limits)
    for ends in ((free[4],), (299, free[4], free[6])):
        (cut,) = greedy_continuations(model, [[5, 9, 11, 30]], replace(limits, ends=ends))
        assert cut == free[: min(free.index(end) for end in ends if end in free)]


def test_a_token_that_only_pads_the_table_is_never_generated(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    (free,) = greedy_continuations(
        model, [[5, 9]], GenerationLimits(1, (0,), corpus.fitted.outputs)
    )
    (fewer,) = greedy_continuations(model, [[5, 9]], GenerationLimits(6, (0,), free[0]))
    assert max(fewer) < free[0]


def test_a_continuation_does_not_depend_on_the_other_prompts(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    limits = GenerationLimits(7, (299,), corpus.fitted.outputs)
    prompts = [[5, 9, 11], [40, 2, 7, 7, *range(3, 14)], [8], *([at] * 5 for at in range(3, 14))]
    together = greedy_continuations(model, prompts, limits)
    alone = [greedy_continuations(model, [prompt], limits)[0] for prompt in prompts]
    assert together == alone
    for prompt, continuation in zip(prompts[:3], together[:3], strict=True):
        for at, token in enumerate(continuation):
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([prompt + continuation[:at]])).logits[0, -1]
            assert token == int(logits.argmax())


def test_a_model_that_padding_changes_gets_one_prompt_at_a_time(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    limits = GenerationLimits(5, (299,), corpus.fitted.outputs)
    prompts = [[5, 9, 11], [40, 2, 7, 7], [8]]
    expected = greedy_continuations(model, prompts, limits)
    shapes = []

    def blind(module: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Leave the mask out, as a model with a state does."""
        shapes.append(tuple(kwargs["input_ids"].shape))
        return args, kwargs | {"attention_mask": None}

    hook = model.register_forward_pre_hook(blind, with_kwargs=True)
    assert greedy_continuations(model, prompts, limits) == expected
    hook.remove()
    assert {rows for rows, _ in shapes} == {1}


def test_settings_of_the_model_itself_change_nothing(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    limits = GenerationLimits(7, (299,), corpus.fitted.outputs)
    (free,) = greedy_continuations(model, [[5, 9, 11, 30]], limits)
    own = GenerationConfig(bad_words_ids=[[free[0]]], num_beams=3, repetition_penalty=9.0)
    model.generation_config = own
    assert greedy_continuations(model, [[5, 9, 11, 30]], limits) == [free]
    assert model.generation_config is own


def test_no_prompt_has_no_continuation(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    assert greedy_continuations(model, [], GenerationLimits(5, (0,), 9)) == []
    assert takes(model, [1] * (corpus.fitted.length - 5), 5)
    assert not takes(model, [1] * corpus.fitted.length, 5)


def test_padding_leaves_room_for_the_continuation_where_a_model_has_no_further_columns() -> None:
    sizes = {"hidden_size": 16, "num_layers": 1, "num_heads": 2, "vocab_size": 64}
    kinds: Any = [[["global"], 1]]
    config = GPTNeoConfig(attention_types=kinds, max_position_embeddings=32, **sizes)
    model = GPTNeoForCausalLM(config).eval()
    prompts, limits = [[7] * 20, [*range(3, 27)], [9] * 5], GenerationLimits(8, (2,), 64)
    assert all(takes(model, prompt, 8) for prompt in prompts)
    together = greedy_continuations(model, prompts, limits)
    assert together == [greedy_continuations(model, [one], limits)[0] for one in prompts]
