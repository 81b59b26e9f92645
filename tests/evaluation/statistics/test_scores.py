"""Scores: means by hand, and which scores may be combined."""

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.statistics.scores import Scores


def test_the_mean_of_sequences_weighs_each_answer_alike() -> None:
    scores = Scores.of_sequences(np.array([1.0, 3.0, 8.0]), np.array([2, 0, 1]))
    assert scores.sums.tolist() == [[4.0, 0.0, 8.0]]
    assert scores.value == 4.0
    assert (scores.seeds, scores.examples) == (1, 3)


def test_the_mean_over_seeds_is_of_their_means() -> None:
    scores = Scores.of_answers(np.array([[1, 0, 1, 1], [0, 0, 1, 0]]))
    assert scores.of_seeds.tolist() == [0.75, 0.25]
    assert scores.value == 0.5


def test_differences_are_paired_and_a_single_model_stands_beside_every_seed() -> None:
    students = Scores.of_answers(np.array([[1, 1, 0], [1, 0, 0]]))
    controls = Scores.of_answers(np.array([[0, 1, 0], [1, 1, 0]]))
    teacher = Scores.of_answers(np.array([1, 1, 1]))
    assert (students - controls).sums.tolist() == [[1, 0, 0], [0, -1, 0]]
    assert (teacher - students).sums.tolist() == [[0, 0, 1], [0, 1, 1]]


def test_some_examples_have_their_own_mean() -> None:
    scores = Scores.of_answers(np.array([[1, 0, 1, 0]]))
    assert scores.some(np.array([True, False, True, False])).value == 1.0
    with pytest.raises(DataError, match="no answer to score"):
        scores.some(np.zeros(4, dtype=bool))


def test_what_cannot_be_paired_is_refused() -> None:
    two = Scores.of_answers(np.ones((2, 3)))
    with pytest.raises(DataError, match="2 seeds cannot be paired with 3"):
        two - Scores.of_answers(np.ones((3, 3)))
    with pytest.raises(DataError, match="different examples"):
        two - Scores.of_answers(np.ones((2, 4)))
    with pytest.raises(DataError, match="2 answers for 3 tokens"):
        Scores.of_sequences(np.ones(2), np.array([1, 2]))


def test_a_model_that_diverged_has_no_score() -> None:
    with pytest.raises(DataError, match="not finite"):
        Scores.of_answers(np.array([1.0, np.nan]))
