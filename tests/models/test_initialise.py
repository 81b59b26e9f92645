"""Start: drawn from the seed, or taken from the teacher; nothing else."""

from pathlib import Path

import pytest
import torch
from small_corpus import SmallCorpus, small_corpus

from stillroom.config.schema import Architecture
from stillroom.errors import ModelError
from stillroom.models.initialise import start
from stillroom.models.pretrained.model_directory import save_model

HALF = Architecture(name="from_teacher", options={"layers": 1})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def test_what_is_drawn_follows_the_seed(made: SmallCorpus) -> None:
    deep = Architecture(
        name="transformer", options={"model_type": "gpt2", "n_embd": 8, "n_head": 2}
    )
    first, again, other = (
        start(deep, made.fitted, seed, None).get_input_embeddings().weight for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_is_taken_does_not(made: SmallCorpus, tmp_path: Path) -> None:
    options = {"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 3}
    teacher = start(Architecture(name="transformer", options=options), made.fitted, 5, None)
    save_model(teacher, made.fitted, tmp_path)
    for seed in (1, 2):
        student = start(HALF, made.fitted, seed, tmp_path)
        assert len(student.transformer.h) == 1
        table = student.get_input_embeddings().weight
        assert torch.equal(table, teacher.get_input_embeddings().weight)


def test_a_teacher_takes_from_nobody(made: SmallCorpus) -> None:
    with pytest.raises(ModelError, match="from_teacher is of students"):
        start(HALF, made.fitted, 1, None)
