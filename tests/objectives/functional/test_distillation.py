"""The loss of a student as a function: hard labels and terms, by hand."""

import doctest
import math

import pytest
import torch

from stillroom import objectives
from stillroom.errors import ConfigError
from stillroom.objectives.functional import distillation

P, Q = [0.5, 0.3, 0.2], [0.25, 0.5, 0.25]
TEACHER, STUDENT = (torch.tensor([one, one], dtype=torch.float64).log() for one in (P, Q))
LABELS = torch.tensor([2, -1])
# 0.5 log 2 + 0.3 log 0.6 + 0.2 log 0.8, and the other way round.
FORWARD = 0.5 * math.log(2) + 0.3 * math.log(0.6) + 0.2 * math.log(0.8)
REVERSE = 0.25 * math.log(0.5) + 0.5 * math.log(5 / 3) + 0.25 * math.log(1.25)


def test_the_examples_of_the_docstrings() -> None:
    failed, attempted = doctest.testmod(distillation)
    assert (failed, attempted) == (0, 4)


def test_it_adds_the_hard_labels_of_the_rows_that_have_one() -> None:
    terms = {"forward_kl": 1.0, "reverse_kl": 0.5}
    loss = objectives.distillation_loss(STUDENT, TEACHER, LABELS, terms=terms, hard_weight=0.25)
    expected = 0.25 * math.log(4) + 0.75 * (FORWARD + 0.5 * REVERSE)
    assert loss.item() == pytest.approx(expected)
    assert objectives.hard_cross_entropy(STUDENT, LABELS).item() == pytest.approx(math.log(4))


def test_options_have_the_names_of_the_configuration() -> None:
    given = {"terms": {"skew_kl": 1.0}, "hard_weight": 0.0}
    loss = objectives.distillation_loss(STUDENT, TEACHER, LABELS, options={"skew": 0.3}, **given)
    assert loss.item() == pytest.approx(objectives.skew_kl(STUDENT, TEACHER, alpha=0.3).item())


def test_an_unknown_term_is_refused() -> None:
    with pytest.raises(ConfigError, match="forward_lk"):
        objectives.distillation_loss(STUDENT, TEACHER, LABELS, terms={"forward_lk": 1.0})
