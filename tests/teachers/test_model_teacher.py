"""Model teachers: the opened files are those of the reference, with the classes of the examples."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import (
    GPT2,
    CorpusOnDisk,
    capture_jobs,
    small_corpus,
    token_labels,
    token_teachers,
)
from support.examples.image_examples import (
    ENCODER,
    ImageExamples,
    image_encoder,
    image_examples,
    untrained_teachers,
)
from support.models.small_language_models import small_model
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from stillroom.config.schema import Inference
from stillroom.data.encoders import SequenceEncoder, read_encoder, write_encoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError, SoftLabelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.lm_head import label_logits, masked_labels
from stillroom.models.pretrained.model_directory import PREPROCESSOR, load_model, save_model
from stillroom.models.shape import Shape
from stillroom.softlabels.capture.sparsify_rows import on_cpu
from stillroom.softlabels.format.fingerprint import METHOD, Capture
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.verify.verify import verify
from stillroom.teachers.model_teacher import ModelTeacher
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, Identity, TeacherRef

HOW = CaptureSettings(augmentation="shift-2 shift=2 seed=3", seed=5, batch_size=16)


@pytest.mark.parametrize(("model_type", "word"), [("gpt2", ""), ("mamba", ", one piece a row")])
def test_a_capture_names_a_teacher_that_gets_one_piece_a_row(model_type: str, word: str) -> None:
    tokenizer = train_tokenizer(["the cat"], 300)
    encoder = SequenceEncoder(tokenizer=tokenizer, task="next_token", length=32)
    teacher = ModelTeacher(small_model(model_type), encoder, Identity("a", "b"), "float32", HOW)
    assert teacher.keeping(Full()).capture.method == METHOD + word


@pytest.fixture
def made(tmp_path: Path) -> tuple[ImageExamples, TeacherRef]:
    examples = image_examples(tmp_path)
    return examples, teacher_refs(untrained_teachers(examples, tmp_path / "teachers", members=1))[0]


def test_answers_are_the_models_logits(made: tuple[ImageExamples, TeacherRef]) -> None:
    teacher = open_teacher(made[1], HOW, ENCODER)
    inputs = teacher.encoder.encode(made[0].examples.read())
    answers = np.concatenate(list(teacher.answer(inputs)))
    assert teacher.classes == 3
    assert answers.shape == (110, 3)
    assert answers.dtype == np.float32
    with torch.no_grad():
        expected = load_model(made[1].path)(inputs=torch.from_numpy(inputs)).logits.numpy()
    np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-6)


def test_a_rows_answer_is_bit_identical_regardless_of_the_rows_beside_it(
    made: tuple[ImageExamples, TeacherRef],
) -> None:
    teacher = open_teacher(made[1], HOW, ENCODER)
    inputs = teacher.encoder.encode(made[0].examples.read())
    whole = np.concatenate(list(teacher.answer(inputs)))
    for rows in ([7], [109, 3, 50], list(range(20, 53))):
        assert (np.concatenate(list(teacher.answer(inputs[rows]))) == whole[rows]).all()


def test_a_teacher_in_half_precision_says_so_and_nearly_the_same(
    made: tuple[ImageExamples, TeacherRef],
) -> None:
    half = replace(made[1], inference=Inference(dtype="bfloat16", device_map="cpu"))
    exact, rough = (open_teacher(ref, HOW, ENCODER) for ref in (made[1], half))
    inputs = exact.encoder.encode(made[0].examples.read().head(20))
    first, second = (
        np.concatenate([on_cpu(part) for part in one.keeping(Full()).answer(inputs)])
        for one in (exact, rough)
    )
    assert rough.keeping(Full()).capture == replace(exact.keeping(Full()).capture, dtype="bfloat16")
    # Each term of a sum has 8 bits of mantissa.
    np.testing.assert_allclose(second, first, atol=2**-6 * np.abs(first).max())
    assert not np.array_equal(first, second)


def test_every_ingredient_of_the_fingerprint_is_filled(
    made: tuple[ImageExamples, TeacherRef],
) -> None:
    capture = open_teacher(made[1], HOW, ENCODER).keeping(Full()).capture
    for field in fields(Capture):
        assert getattr(capture, field.name) or field.name == "ensemble"
    assert capture.weights == made[1].weights
    assert (capture.augmentation, capture.seed, capture.batch_size) == (
        HOW.augmentation,
        HOW.seed,
        HOW.batch_size,
    )
    assert any(library.startswith("torch ") for library in capture.libraries)


def test_a_member_has_the_requested_sparsifier_and_answers_as_the_teacher(
    made: tuple[ImageExamples, TeacherRef],
) -> None:
    teacher = open_teacher(made[1], HOW, ENCODER)
    kind = TopK(k=2, temperatures=(1.0,))
    member = teacher.keeping(kind)
    assert member.capture.sparsifier == kind
    assert member.capture.fingerprint != teacher.keeping(Full()).capture.fingerprint
    assert member.classes == teacher.classes
    inputs = teacher.encoder.encode(made[0].examples.read())
    pairs = zip(member.answer(inputs), teacher.answer(inputs), strict=True)
    assert all((np.asarray(ours) == np.asarray(theirs)).all() for ours, theirs in pairs)


def test_a_teacher_that_changed_meanwhile_is_refused(
    made: tuple[ImageExamples, TeacherRef],
) -> None:
    model = build("mlp", {"hidden": [32]}, made[0].shape, seed=9)
    save_model(model, read_encoder(made[0].encoder), made[1].path)
    with pytest.raises(ModelError, match="changed while it was in use"):
        open_teacher(made[1], HOW, ENCODER)


def test_a_teacher_of_other_classes_is_refused_with_both_named(tmp_path: Path) -> None:
    shape = Shape((1, 8, 8), ("cat", "dog"))
    save_model(build("mlp", {"hidden": [8]}, shape, seed=0), image_encoder(shape), tmp_path / "m")
    with pytest.raises(ModelError, match=r"2 classes \(cat, dog.*3 classes \(across"):
        open_teacher(teacher_refs(tmp_path)[0], HOW, ENCODER)


def test_a_teacher_that_contradicts_its_own_encoder_is_refused(tmp_path: Path) -> None:
    model = build("mlp", {"hidden": [8]}, Shape((1, 8, 8), ("cat", "dog")), seed=0)
    save_model(model, ENCODER, tmp_path / "m")
    with pytest.raises(ModelError, match=r"2 classes \(cat, dog.*json has 3"):
        open_teacher(teacher_refs(tmp_path)[0], HOW, ENCODER)


def test_a_teacher_of_fewer_tokens_than_its_tokenizer_is_refused(tmp_path: Path) -> None:
    made = small_corpus(tmp_path / "c")
    model = build("transformer", GPT2, made.shape, seed=0)
    model.resize_token_embeddings(280)
    save_model(model, made.fitted, tmp_path / "t" / "m")
    with pytest.raises(ModelError, match=r"predicts 280 tokens, but its tokenizer has 300"):
        open_teacher(teacher_refs(tmp_path / "t")[0], HOW, made.fitted)


def test_sequences_that_are_longer_than_a_teacher_takes_are_refused(tmp_path: Path) -> None:
    made = small_corpus(tmp_path / "c")
    (teacher,) = teacher_refs(token_teachers(made, tmp_path / "t"))
    longer = replace(made.fitted, length=25)
    write_encoder(longer, teacher.path, PREPROCESSOR)
    with pytest.raises(
        ModelError, match=r"gpt2 takes at most 24 tokens, but the sequences have 25"
    ):
        open_teacher(teacher, HOW, longer)


def test_soft_labels_of_sequences_are_verified(tmp_path: Path) -> None:
    made = small_corpus(tmp_path / "c", count=400)
    folder = token_teachers(made, tmp_path / "t")
    save_model(taught_a_little(made), made.fitted, folder / "member_0")
    labels = token_labels(made, folder, tmp_path / "s", ThresholdRequest(6, 1.0))
    (job,) = capture_jobs(made, folder)
    member = job.teacher.keeping(labels.manifest.captures[0].sparsifier)
    (verification,) = verify(labels, [member], [job.inputs], lambda rows: None)
    assert verification.rows == len(job.inputs)
    assert verification.positions == sum(
        len(capture_input.row.labels) for capture_input in job.inputs
    )
    assert verification.agreement > 2 * max(verification.shuffled, verification.shifted)
    save_model(build("transformer", GPT2, made.shape, seed=5), made.fitted, folder / "member_0")
    (other,) = capture_jobs(made, folder)
    with pytest.raises(SoftLabelError, match="the teacher's answer changed"):
        verify(labels, [other.teacher.keeping(member.capture.sparsifier)], [other.inputs], print)


def taught_a_little(made: CorpusOnDisk) -> PreTrainedModel:
    """Return a decoder that knows which word follows which."""
    model = build("transformer", GPT2, made.shape, seed=0)
    inputs = torch.from_numpy(made.fitted.encode(made.examples.read()))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(40):
        optimiser.zero_grad()
        loss = cross_entropy(label_logits(model, inputs), masked_labels(inputs))
        loss.backward()
        optimiser.step()
    return model.eval()
