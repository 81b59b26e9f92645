"""Ensembles at capture: their log-probabilities against float64, and refusals."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples.image_examples import (
    ENCODER,
    ImageExamples,
    image_examples,
    untrained_teachers,
)
from support.softlabels.dense_reference import log_softmax, softmax

from stillroom.data.views.image_views import PLAIN
from stillroom.errors import ModelError, SoftLabelError
from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.shard import CODEC, from_bytes
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.ensemble import Ensemble, ensemble_probabilities
from stillroom.teachers.model_teacher import ModelTeacher
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, TeacherRef

Doubles = np.ndarray[Any, np.dtype[np.float64]]

HOW = CaptureSettings(augmentation="none", seed=0, batch_size=16)
SHARES = {"probability": [3.0, 1.0], "logit": [1.0, 3.0]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageExamples, tuple[TeacherRef, ...]]:
    folder = tmp_path_factory.mktemp("ensemble")
    examples = image_examples(folder)
    return examples, tuple(teacher_refs(untrained_teachers(examples, folder / "teachers")))


def teachers(refs: tuple[TeacherRef, ...]) -> tuple[ModelTeacher, ...]:
    return tuple(open_teacher(ref, HOW, ENCODER) for ref in refs)


def mean_log_p(refs: tuple[TeacherRef, ...], examples: ImageExamples, mean: str) -> Doubles:
    """Return the ensemble's log p in float64, directly from the two models' logits."""
    opened = teachers(refs)
    inputs = opened[0].encoder.encode(examples.examples.read())
    first, second = (np.concatenate([np.asarray(a) for a in t.answer(inputs)]) for t in opened)
    share = SHARES[mean][0] / 4
    if mean == "probability":
        return np.log(share * softmax(first) + (1 - share) * softmax(second))
    return log_softmax(share * first.astype(np.float64) + (1 - share) * second.astype(np.float64))


@pytest.mark.parametrize("mean", ["probability", "logit"])
def test_an_answer_is_the_mean_of_the_members(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]], mean: Any
) -> None:
    examples, refs = made
    one = Ensemble(teachers(refs), Combination.of(mean, SHARES[mean]))
    inputs = one.members[0].encoder.encode(examples.examples.read())
    answers = np.concatenate([np.asarray(part) for part in one.answer(inputs)])
    assert answers.dtype == np.float32
    expected = mean_log_p(refs, examples, mean)
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    assert one.classes == 3


@pytest.mark.parametrize("mean", ["probability", "logit"])
def test_the_head_of_an_ensemble_that_is_combined_at_capture_is_exact(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]], tmp_path: Path, mean: Any
) -> None:
    examples, refs = made
    one = Ensemble(teachers(refs), Combination.of(mean, SHARES[mean]))
    member = one.keeping(TopK(k=2, temperatures=(1.0, 4.0)))
    inputs = ExampleInputs(examples.examples, one.members[0].encoder, PLAIN, 1)
    store = Store(tmp_path)
    capturing = MemberCapture(member, store, 1000)
    (shard,) = capturing.shards(inputs, lambda rows: None)
    content = store.of(member.capture, CODEC).path(shard).read_bytes()
    stored = Decoded(from_bytes(content, shard, capturing.layout), capturing.layout)
    for temperature in (1.0, 4.0):
        p = softmax(mean_log_p(refs, examples, mean), temperature)
        head = np.where(p >= np.sort(p, axis=1)[:, -2:-1], p, 0)
        distributions = stored.distributions(temperature)
        np.testing.assert_allclose(distributions.dense(), head, atol=1e-6)
        np.testing.assert_allclose(distributions.masses, head.sum(axis=1), atol=1e-6)


def test_the_capture_names_every_teacher_and_how_they_were_combined(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]],
) -> None:
    _, refs = made
    members = teachers(refs)
    even = Combination.of("probability", [1.0, 1.0])
    capture = Ensemble(members, even).keeping(Full()).capture
    assert capture.teachers == [ref.weights for ref in refs]
    assert capture.architecture.split("+") == [ref.architecture for ref in refs]
    assert capture.ensemble == even
    uneven = Ensemble(members, Combination.of("probability", [2.0, 1.0])).keeping(Full()).capture
    logit = Ensemble(members, Combination.of("logit", [1.0, 1.0])).keeping(Full()).capture
    turned = Ensemble(members[::-1], even).keeping(Full()).capture
    alone = members[0].keeping(Full()).capture
    every = {c.fingerprint for c in (capture, uneven, logit, turned, alone)}
    assert len(every) == 5


def test_members_with_other_encoders_are_refused_with_what_to_do(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]],
) -> None:
    first, second = teachers(made[1])
    other = replace(second, encoder=replace(second.encoder, mean=(0.25,)))
    with pytest.raises(ModelError, match=r"encode their inputs differently.*combine=read"):
        Ensemble((first, other), Combination.of("probability", [1.0, 1.0]))


@pytest.mark.parametrize("weights", [[1.0], [1.0, 1.0, 1.0]])
def test_weights_that_are_not_one_for_each_member_are_refused(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]], weights: list[float]
) -> None:
    with pytest.raises(SoftLabelError, match=rf"2 teachers and {len(weights)} weights"):
        Ensemble(teachers(made[1]), Combination.of("probability", weights))


@pytest.mark.parametrize("mean", ["probability", "logit"])
def test_probabilities_of_examples_are_the_means_in_float64(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]], mean: Any
) -> None:
    examples, refs = made
    some = examples.examples.read()[60:75]
    combination = Combination.of(mean, SHARES[mean])
    probabilities = ensemble_probabilities(refs, combination, ENCODER, some)
    expected = np.exp(mean_log_p(refs, examples, mean))[60:75]
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


def test_members_may_answer_in_batches_of_their_own_size(
    made: tuple[ImageExamples, tuple[TeacherRef, ...]],
) -> None:
    examples, refs = made
    first, second = teachers(refs)
    inputs = ENCODER.encode(examples.examples.read())
    other = replace(second, how=replace(second.how, batch_size=7))
    even = Combination.of("probability", [1.0, 1.0])
    together = Ensemble((first, second), even).answer(inputs)
    apart = Ensemble((first, other), even).answer(inputs)
    expected, answered = (torch.cat(list(parts)) for parts in (together, apart))
    assert answered.shape == expected.shape
    assert torch.allclose(answered, expected, atol=1e-6)
