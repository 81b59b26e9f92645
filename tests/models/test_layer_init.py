"""Inherited models: the teacher's own layers, in its own order, and no others."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_corpus import GPT2, SmallCorpus, small_corpus
from small_project import small, untrained_teachers

from stillroom.errors import ModelError
from stillroom.models.forward.lm_head import logits_asked
from stillroom.models.layer_init import Layers, inherit
from stillroom.models.pretrained.model_directory import load_model, read_encoder, save_model
from stillroom.models.registry import build

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
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"), count=30)


def teacher(made: SmallCorpus, folder: Path, options: dict[str, Any]) -> Path:
    save_model(build("transformer", options, made.shape, seed=3), made.fitted, folder)
    return folder


@pytest.mark.parametrize("kind", TEACHERS)
def test_every_layer_is_the_teacher(made: SmallCorpus, tmp_path: Path, kind: str) -> None:
    path = teacher(made, tmp_path, TEACHERS[kind])
    inputs = torch.from_numpy(made.fitted.encode(made.examples.read().head(3)))
    student = inherit(path, {"layers": 5}, made.fitted)
    assert student.training
    with torch.no_grad():
        ours = logits_asked(student.eval(), inputs)
        assert torch.equal(ours, logits_asked(load_model(path), inputs))


@pytest.mark.parametrize("kind", TEACHERS)
@pytest.mark.parametrize(("layers", "chosen"), [(3, [0, 2, 4]), ([1, 4], [1, 4]), (1, [0])])
def test_the_chosen_layers_are_the_teachers(
    made: SmallCorpus, tmp_path: Path, kind: str, layers: Any, chosen: list[int]
) -> None:
    path = teacher(made, tmp_path, TEACHERS[kind])
    student, whole = inherit(path, {"layers": layers}, made.fitted), load_model(path)
    ours, theirs = _stack(student), _stack(whole)
    assert student.config.num_hidden_layers == len(ours) == len(chosen)
    for layer, at in zip(ours, chosen, strict=True):
        assert _equal(layer, theirs[at])
    table, other = (one.get_input_embeddings().weight for one in (student, whole))
    assert torch.equal(table, other)


def test_a_padded_table_is_cut_to_the_tokens(made: SmallCorpus, tmp_path: Path) -> None:
    model = build("transformer", LLAMA, made.shape, seed=3)
    table = model.get_input_embeddings().weight.detach().clone()
    model.resize_token_embeddings(made.fitted.outputs + 9)
    save_model(model, made.fitted, tmp_path)
    student = inherit(tmp_path, {"layers": 2}, made.fitted)
    assert torch.equal(student.get_input_embeddings().weight, table)
    assert student.config.vocab_size == made.fitted.outputs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": 3, "hidden_size": 8}, "as wide as the teacher's, and hidden_size would be"),
        ({"layers": 6}, "layers is 6, and the teacher has 5, from 0 to 4"),
        ({"layers": [0, 5]}, r"layers is \(0, 5\), and the teacher has 5"),
        ({"layers": [2, 2]}, "Name each once"),
        ({"layers": [-1]}, "from 0 to 4"),
        ({"layers": "3"}, "layers is '3'; it must be half, how many"),
        ({"layers": 0}, "it must be half, how many"),
        ({"layers": True}, "it must be half, how many"),
        ({}, "layers is None"),
    ],
    ids=str,
)
def test_other_options_are_refused(
    made: SmallCorpus, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    path = teacher(made, tmp_path, LLAMA)
    with pytest.raises(ModelError, match=words):
        inherit(path, options, made.fitted)


def test_another_encoder_and_a_teacher_without_layers_are_refused(
    made: SmallCorpus, tmp_path: Path
) -> None:
    images = untrained_teachers(small(tmp_path), tmp_path / "t", members=1) / "member_0"
    with pytest.raises(ModelError, match="encodes its inputs otherwise"):
        inherit(images, {"layers": 1}, made.fitted)
    with pytest.raises(ModelError, match="Mlp does not count its layers"):
        inherit(images, {"layers": 1}, read_encoder(images))


def test_of_twelve_layers_six_are_those_of_distilbert() -> None:
    # Hugging Face's own script for DistilBERT takes 0 2 4 7 9 11 of BERT's twelve.
    assert Layers(6).out_of(12) == Layers("half").out_of(12) == [0, 2, 4, 7, 9, 11]
    assert [Layers("half").out_of(count) for count in (1, 2, 3, 5)] == [[0], [0], [0], [0, 4]]


@given(st.integers(1, 40), st.data())
def test_a_number_of_layers_is_so_many_with_both_ends(count: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(1, count))
    found = Layers(wanted).out_of(count)
    assert len(set(found)) == wanted
    assert found == sorted(found)
    assert found[0] == 0
    assert wanted == 1 or found[-1] == count - 1


def _stack(model: Any) -> Any:
    return model.transformer.h if hasattr(model, "transformer") else model.model.layers


def _equal(first: Any, second: Any) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)
