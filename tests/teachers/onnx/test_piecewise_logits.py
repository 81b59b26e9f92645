"""Packs of pieces for an ONNX file: the logits of the model itself, at the same positions."""

from pathlib import Path

import numpy as np
import pytest
from support.examples.corpus_examples import (
    CorpusOnDisk,
    masked_corpus,
    small_corpus,
    token_teachers,
)

from stillroom.config.schema import GivenTeacher
from stillroom.data.text.token_layout import LABELS
from stillroom.export.onnx import export_onnx
from stillroom.models.forward.sequence_logits import batches_of_token_logits
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, Teacher
from stillroom.teachers.teacher_kind import Preparation

HOW = CaptureSettings("none", seed=0, batch_size=4)


def exported(corpus: CorpusOnDisk, root: Path) -> tuple[Path, Teacher]:
    """Return a model directory, and the teacher of its ONNX file."""
    folder = token_teachers(corpus, root / "models") / "member_0"
    inputs = corpus.fitted.encode(corpus.examples.read())
    export_onnx(load_model(folder), inputs, folder / "model.onnx")
    given = GivenTeacher(source="onnx", path=str(folder))
    preparation = Preparation(root, corpus.examples, corpus.fitted, EXACT)
    prepare_teachers([given], root / "ensemble", preparation)
    (ref,) = teacher_refs(root / "ensemble")
    return folder, open_teacher(ref, HOW, corpus.fitted)


@pytest.mark.parametrize("make", [small_corpus, masked_corpus])
def test_pieces_see_only_themselves_as_in_the_model(make: object, tmp_path: Path) -> None:
    corpus: CorpusOnDisk = make(tmp_path)  # type: ignore[operator]
    folder, teacher = exported(corpus, tmp_path)
    inputs = corpus.fitted.encode(corpus.examples.read())[:12]
    assert ((inputs[:, 1] == 0).sum(axis=1) > 1).any()  # some row has several pieces
    model, vocabulary = load_model(folder), corpus.fitted.outputs
    expected = [
        row.numpy()
        for batch in batches_of_token_logits(model, inputs, 4, vocabulary)
        for row in batch
    ]
    answered = [row for batch in teacher.answer(inputs) for row in batch]
    assert len(answered) == len(inputs)
    for own, theirs, sequence in zip(answered, expected, inputs, strict=True):
        labelled = int((sequence[LABELS] >= 0).sum())
        assert own.shape[1] == vocabulary
        assert np.abs(own[:labelled] - theirs[:labelled]).max() < 1e-5


def test_a_sequence_has_the_same_bits_regardless_of_its_batch(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path)
    _, teacher = exported(corpus, tmp_path)
    inputs = corpus.fitted.encode(corpus.examples.read())[:12]
    rows = [row for batch in teacher.answer(inputs) for row in batch]
    (alone,) = [row for batch in teacher.answer(inputs[5:6]) for row in batch]
    labelled = int((inputs[5, LABELS] >= 0).sum())
    assert np.array_equal(alone[:labelled], rows[5][:labelled])
