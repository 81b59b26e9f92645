"""Text embeddings: logits have the same bits regardless of where an embedding comes from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.examples.text_examples import ENCODER, frame, sentence_folder, text_data, text_table

from stillroom.config.schema import Head
from stillroom.data.ingest.ingest_examples import IngestResult, ingest
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.sentence import reuse_embeddings
from stillroom.teachers.sentence.kept_embeddings import read_embeddings
from stillroom.teachers.sentence.reuse_embeddings import (
    SentenceTeacher,
    embedded,
    encoder_identity,
    head_logits,
)
from stillroom.teachers.sentence_teacher import fit_sentence_teacher
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, Teacher

HOW = CaptureSettings("none", seed=0, batch_size=64)


@dataclass
class Fitted:
    """A fitted teacher, the texts, and the folder of the kept embeddings."""

    made: IngestResult
    kept: Path
    teachers: Path

    def opened(self, batch_size: int = 64, kept: Path | None = None) -> Teacher:
        (ref,) = teacher_refs(self.teachers)
        how = replace(HOW, batch_size=batch_size, embeddings=kept)
        return open_teacher(ref, how, self.made.encoder)

    def inputs(self) -> NDArray[np.int32]:
        """Return all texts and some that the fit has not seen."""
        some = ("is my card late", "a payment " * 9, self.made.examples["text"][0])
        parts = [self.made.examples.select("text"), frame(*some)]
        return np.concatenate([ENCODER.encode(part) for part in parts])


@pytest.fixture
def fitted(tmp_path: Path) -> Fitted:
    text_table(tmp_path / "t.csv")
    made = ingest(text_data(), tmp_path)
    given, teachers, kept = sentence_folder(tmp_path / "s"), tmp_path / "e", tmp_path / "kept"
    target, head = teachers / "member_0", Head(strength=None, steps=500)
    fit_sentence_teacher(given, target, made.examples, made.encoder, head, kept)
    return Fitted(made, kept, teachers)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Record how many rows the encoder ran on, with those that pad a batch."""
    counts: list[int] = []
    real = reuse_embeddings.embeddings

    def recording(model: torch.nn.Module, texts: torch.Tensor) -> torch.Tensor:
        counts.append(len(texts))
        return real(model, texts)

    monkeypatch.setattr(reuse_embeddings, "embeddings", recording)
    return counts


def answered(teacher: Teacher, inputs: NDArray[np.int32]) -> NDArray[np.float32]:
    return np.concatenate([part.numpy() for part in teacher.answer(inputs)])


@pytest.mark.parametrize("batch_size", [1, 7, 32, 64])
def test_kept_embeddings_change_no_bit_of_the_logits(fitted: Fitted, batch_size: int) -> None:
    plain = fitted.opened(batch_size)
    fast = fitted.opened(batch_size, fitted.kept)
    assert isinstance(fast, SentenceTeacher)
    assert not isinstance(plain, SentenceTeacher)
    inputs = fitted.inputs()
    expected = answered(plain, inputs)
    np.testing.assert_array_equal(answered(fast, inputs), expected)
    np.testing.assert_array_equal(answered(fast, inputs[::-1][:40]), expected[::-1][:40])


def test_the_encoder_runs_only_on_texts_that_the_fit_has_not_seen(
    fitted: Fitted, passes: list[int]
) -> None:
    splits = fitted.made.examples["split"].is_in(["train", "validation"]).to_numpy()
    seen = ENCODER.encode(fitted.made.examples.select("text"))[splits]
    teacher = fitted.opened(1024, fitted.kept)
    answered(teacher, seen)
    assert passes == []
    answered(teacher, fitted.inputs())
    assert passes


def test_a_teacher_without_kept_embeddings_is_the_plain_model_with_the_same_capture(
    fitted: Fitted, passes: list[int]
) -> None:
    for kept in (None, fitted.kept / "none"):
        assert not isinstance(fitted.opened(64, kept), SentenceTeacher)
    fast, plain = fitted.opened(64, fitted.kept), fitted.opened(64)
    assert fast.keeping(Full()).capture == plain.keeping(Full()).capture
    answered(plain, fitted.inputs()[:3])
    assert passes == []  # it runs the model as a whole, without `embeddings`


def test_a_second_fit_with_another_head_runs_no_encoder(
    fitted: Fitted, passes: list[int], tmp_path: Path
) -> None:
    made, head = fitted.made, Head(strength=3.0, steps=500)
    fit_sentence_teacher(
        tmp_path / "s", tmp_path / "m", made.examples, made.encoder, head, fitted.kept
    )
    assert passes == []


def test_other_weights_pooling_or_threads_are_another_encoder(fitted: Fitted) -> None:
    model = load_model(fitted.teachers / "member_0")
    identity = encoder_identity(model)
    assert identity == encoder_identity(load_model(fitted.teachers / "member_0"))
    assert read_embeddings(fitted.kept, identity)
    model.config.pooling = "cls"
    assert encoder_identity(model) != identity
    model.config.pooling = "mean"
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert encoder_identity(model) != identity
    finally:
        torch.set_num_threads(threads)
    assert encoder_identity(model) == identity
    with torch.no_grad():
        next(model.encoder.parameters())[0, 0] += 1e-6
    assert encoder_identity(model) != identity


def test_other_code_is_another_encoder(fitted: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(fitted.teachers / "member_0")
    identity = encoder_identity(model)
    reuse_embeddings._code_hash.cache_clear()
    monkeypatch.setattr(reuse_embeddings, "CODE", reuse_embeddings.CODE[:-1])
    assert encoder_identity(model) != identity
    reuse_embeddings._code_hash.cache_clear()


def test_a_head_of_other_weights_uses_the_embeddings_of_the_same_encoder(fitted: Fitted) -> None:
    model = load_model(fitted.teachers / "member_0")
    identity = encoder_identity(model)
    with torch.no_grad():
        model.classifier.weight += 1.0
    assert encoder_identity(model) == identity


def test_equal_texts_run_once_and_keep_their_places(fitted: Fitted, passes: list[int]) -> None:
    model, inputs = load_model(fitted.teachers / "member_0"), fitted.inputs()[:3]
    twice = inputs[[0, 1, 0, 2, 1]]
    vectors, new = embedded(model, twice, 1, {})
    assert len(new) == len(passes) == 3
    np.testing.assert_array_equal(vectors[[0, 1]], vectors[[2, 4]])
    weights, bias = (one.detach().numpy() for one in model.classifier.parameters())
    logits = head_logits(model, vectors, twice, 1).numpy()
    np.testing.assert_allclose(logits, vectors @ weights.T + bias, atol=1e-5)
