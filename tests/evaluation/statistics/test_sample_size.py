"""The needed number of examples: by the textbook's formula, and None if no number suffices."""

import numpy as np

from stillroom.evaluation.statistics.sample_size import MOST, examples_needed
from stillroom.evaluation.statistics.scores import Scores


def paired(gained: int, lost: int, same: int) -> np.ndarray:
    return np.concatenate([np.ones(gained), -np.ones(lost), np.zeros(same)])


def test_of_one_seed_it_is_the_sample_size_of_a_paired_test() -> None:
    difference = Scores.of_answers(paired(60, 50, 890))
    # Mean 0.01, variance 0.11 - 0.01^2 over 999/1000: (1.959964 + 0.841621)^2 * variance / 0.01^2.
    variance = (0.11 - 0.0001) * 1000 / 999
    expected = np.ceil(7.848880 * variance / 0.0001)
    assert abs(examples_needed(difference) - expected) <= 1


def test_if_this_many_examples_should_have_shown_it_more_do_not_help() -> None:
    assert examples_needed(Scores.of_answers(paired(500, 0, 500))) is None


def test_no_number_of_examples_shows_no_difference() -> None:
    assert examples_needed(Scores.of_answers(paired(50, 50, 900))) is None
    # A mean of about 1e-4 and a variance of 0.1: 78 million examples.
    assert examples_needed(Scores.of_answers(paired(501, 500, 8999))) is None
    assert MOST < 78e6


def test_no_number_of_examples_helps_where_seeds_disagree() -> None:
    up, down = paired(300, 0, 700), paired(0, 240, 760)
    assert examples_needed(Scores.of_answers(np.stack([up, down, up]))) is None
