"""Initialisation: weights from the seed, or layers of the teacher."""

from pathlib import Path

import pytest
import torch
from support.examples.corpus_examples import CorpusOnDisk, small_corpus

from stillroom.config.schema import Architecture
from stillroom.errors import ModelError
from stillroom.models.initialise import initial_model
from stillroom.models.pretrained.model_directory import save_model

HALF = Architecture(name="from_teacher", options={"layers": 1})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def test_what_is_drawn_follows_the_seed(corpus: CorpusOnDisk) -> None:
    deep = Architecture(
        name="transformer", options={"model_type": "gpt2", "n_embd": 8, "n_head": 2}
    )
    first, again, other = (
        initial_model(deep, corpus.fitted, seed, None).get_input_embeddings().weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_is_taken_does_not(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    options = {"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 3}
    teacher = initial_model(
        Architecture(name="transformer", options=options), corpus.fitted, 5, None
    )
    save_model(teacher, corpus.fitted, tmp_path)
    for seed in (1, 2):
        student = initial_model(HALF, corpus.fitted, seed, tmp_path)
        assert len(student.transformer.h) == 1
        table = student.get_input_embeddings().weight
        assert torch.equal(table, teacher.get_input_embeddings().weight)


def test_a_teacher_takes_from_nobody(corpus: CorpusOnDisk) -> None:
    with pytest.raises(ModelError, match="Only a student can use from_teacher"):
        initial_model(HALF, corpus.fitted, 1, None)
