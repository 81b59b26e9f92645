"""Generation: each time the likeliest token of the vocabulary, up to the end of the text."""

import pytest
import torch
from support.examples.corpus_examples import GPT2, CorpusOnDisk, small_corpus

from stillroom.models.architecture_registry import build
from stillroom.models.forward.generate import greedy_continuations


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def test_each_token_is_the_likeliest_after_all_before_it(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    beginnings = [[5, 9, 11, 30], [40, 2, 7, 7]]
    continuations = greedy_continuations(
        model, beginnings, 9, end=299, tokens=corpus.fitted.outputs
    )
    for begun, continuation in zip(beginnings, continuations, strict=True):
        assert len(continuation) == 9
        for at, token in enumerate(continuation):
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([begun + continuation[:at]])).logits[0, -1]
            assert token == int(logits.argmax())


def test_a_text_ends_at_its_end(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    (free,) = greedy_continuations(
        model, [[5, 9, 11, 30]], 9, end=299, tokens=corpus.fitted.outputs
    )
    end = free[4]
    (cut,) = greedy_continuations(model, [[5, 9, 11, 30]], 9, end=end, tokens=corpus.fitted.outputs)
    assert cut == free[: free.index(end)]


def test_a_token_that_only_pads_the_table_is_never_generated(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=2).eval()
    (free,) = greedy_continuations(model, [[5, 9]], 1, end=0, tokens=corpus.fitted.outputs)
    (fewer,) = greedy_continuations(model, [[5, 9]], 6, end=0, tokens=free[0])
    assert max(fewer) < free[0]
