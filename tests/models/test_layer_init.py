"""Layer initialisation: layers of the teacher, in their order, and no others."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.examples.corpus_examples import GPT2, CorpusOnDisk, small_corpus
from support.examples.image_examples import image_examples, untrained_teachers

from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.lm_head import label_logits
from stillroom.models.layer_init import student_of_layers
from stillroom.models.pretrained.model_directory import load_model, read_encoder, save_model

LLAMA = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 5,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}
TEACHERS: dict[str, dict[str, Any]] = {
    "llama": LLAMA,
    "gpt2": GPT2 | {"n_layer": 5},
    "gemma3_text": LLAMA | {"model_type": "gemma3_text", "head_dim": 8},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def teacher(corpus: CorpusOnDisk, folder: Path, options: dict[str, Any]) -> Path:
    save_model(build("transformer", options, corpus.shape, seed=3), corpus.fitted, folder)
    return folder


@pytest.mark.parametrize("kind", TEACHERS)
def test_every_layer_is_the_teacher(corpus: CorpusOnDisk, tmp_path: Path, kind: str) -> None:
    path = teacher(corpus, tmp_path, TEACHERS[kind])
    inputs = torch.from_numpy(corpus.fitted.encode(corpus.examples.read().head(3)))
    student = student_of_layers(path, {"layers": 5}, corpus.fitted)
    assert student.training
    with torch.no_grad():
        ours = label_logits(student.eval(), inputs)
        assert torch.equal(ours, label_logits(load_model(path), inputs))


@pytest.mark.parametrize("kind", TEACHERS)
@pytest.mark.parametrize(("layers", "chosen"), [(3, [0, 2, 4]), ([1, 4], [1, 4]), (1, [0])])
def test_the_chosen_layers_are_the_teachers(
    corpus: CorpusOnDisk, tmp_path: Path, kind: str, layers: Any, chosen: list[int]
) -> None:
    path = teacher(corpus, tmp_path, TEACHERS[kind])
    student, whole = student_of_layers(path, {"layers": layers}, corpus.fitted), load_model(path)
    ours, theirs = _stack(student), _stack(whole)
    assert student.config.num_hidden_layers == len(ours) == len(chosen)
    for layer, at in zip(ours, chosen, strict=True):
        assert _equal(layer, theirs[at])
    table, other = (one.get_input_embeddings().weight for one in (student, whole))
    assert torch.equal(table, other)


def test_a_padded_table_is_cut_to_the_tokens(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    model = build("transformer", LLAMA, corpus.shape, seed=3)
    table = model.get_input_embeddings().weight.detach().clone()
    model.resize_token_embeddings(corpus.fitted.outputs + 9)
    save_model(model, corpus.fitted, tmp_path)
    student = student_of_layers(tmp_path, {"layers": 2}, corpus.fitted)
    assert torch.equal(student.get_input_embeddings().weight, table)
    assert student.config.vocab_size == corpus.fitted.outputs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": 6}, "layers is 6, but the teacher has 5 layers, from 0 to 4"),
        ({"layers": [0, 5]}, r"layers is \(0, 5\), but the teacher has 5"),
        ({"layers": [2, 2]}, "each of them once"),
        ({"layers": [-1]}, "from 0 to 4"),
    ],
    ids=str,
)
def test_layers_that_the_teacher_does_not_have_are_refused(
    corpus: CorpusOnDisk, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    path = teacher(corpus, tmp_path, LLAMA)
    with pytest.raises(ModelError, match=words):
        student_of_layers(path, options, corpus.fitted)


def test_another_encoder_and_a_teacher_without_layers_are_refused(
    corpus: CorpusOnDisk, tmp_path: Path
) -> None:
    images = untrained_teachers(image_examples(tmp_path), tmp_path / "t", members=1) / "member_0"
    with pytest.raises(ModelError, match="encode their inputs differently"):
        student_of_layers(images, {"layers": 1}, corpus.fitted)
    with pytest.raises(ModelError, match="config of Mlp has no num_hidden_layers"):
        student_of_layers(images, {"layers": 1}, read_encoder(images))


def _stack(model: Any) -> Any:
    return model.transformer.h if hasattr(model, "transformer") else model.model.layers


def _equal(first: Any, second: Any) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)
