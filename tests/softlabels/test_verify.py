"""Verify: deliberate shuffles, shifts and foreign teachers, each caught."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from linear_teachers import NAMES, Captured, capture

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture import Answers, Questions, write_set
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.softlabels.sparsify import TopK
from stillroom.softlabels.verify import verify


def recapture(captured: Captured, questions: Questions, folder: Path) -> SoftLabelSet:
    """Capture other questions, as a loader that lost the alignment would."""
    answers = Answers(questions, captured.members, TopK("all", (1.0, 4.0)), 8, NAMES)
    write_set(answers, folder, lambda rows: None)
    return SoftLabelSet(folder)


def test_a_sound_set_passes(captured: Captured) -> None:
    verify(captured.labels, captured.questions, captured.members)


@pytest.mark.parametrize("moved", ["shuffled", "shifted by one"])
def test_inputs_that_do_not_belong_to_their_ids_are_caught_by_key(
    captured: Captured, tmp_path: Path, moved: str
) -> None:
    order = (
        np.roll(np.arange(25), 1)
        if moved == "shifted by one"
        else np.random.default_rng(3).permutation(25)
    )
    inputs = tuple(array[order] for array in captured.questions.inputs)
    wrong = recapture(captured, replace(captured.questions, inputs=inputs), tmp_path / "wrong")
    with pytest.raises(SoftLabelError, match="misaligned"):
        verify(wrong, captured.questions, captured.members)


def test_labels_that_were_shuffled_are_caught_by_agreement(captured: Captured) -> None:
    labels = np.random.default_rng(5).permutation(captured.questions.labels)
    with pytest.raises(SoftLabelError, match="shuffled labels would agree"):
        verify(captured.labels, replace(captured.questions, labels=labels), captured.members)


def test_a_teacher_that_changed_is_caught_by_asking_again(captured: Captured) -> None:
    captured.members[1].weights[:] += 0.1
    with pytest.raises(SoftLabelError, match=r"shard 0000\d.*row \d+: the teacher now answers"):
        verify(captured.labels, captured.questions, captured.members)


def test_an_example_too_many_and_one_too_few_are_counted(captured: Captured) -> None:
    questions = captured.questions
    fewer = Questions(
        [*questions.example_ids[:-1], b"\xee" * 16], questions.inputs, questions.labels
    )
    with pytest.raises(SoftLabelError, match="1 examples have no soft label, and 1 soft labels"):
        verify(captured.labels, fewer, captured.members)


def test_rows_without_any_label_pass_on_the_other_checks(captured: Captured) -> None:
    unlabelled = replace(captured.questions, labels=np.full(25, -1, dtype=np.int32))
    verify(captured.labels, unlabelled, captured.members)


def test_a_truncated_set_passes_too(tmp_path: Path) -> None:
    made = capture(tmp_path, members=1, k=2)
    verify(made.labels, made.questions, made.members)
