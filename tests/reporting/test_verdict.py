from copy import deepcopy

import pytest

from stillroom.reporting.page import Evidence
from stillroom.reporting.verdict import gain_in_words, quality_in_words, verdict


# The margin is 1.96 standard errors: 0.0196 of one.
@pytest.mark.parametrize(
    ("gain", "headline"),
    [
        (0.03, "Distillation helped in this run."),
        (0.02, "Distillation helped in this run."),
        (0.019, "Distillation made no clear difference."),
        (0.0, "Distillation made no clear difference."),
        (-0.019, "Distillation made no clear difference."),
        (-0.03, "Distillation hurt in this run."),
    ],
)
def test_only_a_gain_beyond_the_margin_is_claimed(
    gain: float, headline: str, evidence: Evidence
) -> None:
    metrics = deepcopy(evidence.metrics)
    metrics["gain"] |= {"accuracy": gain, "accuracy_standard_error": 0.01}
    assert verdict(metrics, evidence.cost).headline == headline
    within = abs(gain) < 0.0196
    assert ("within what the draw" in verdict(metrics, evidence.cost).sentences[0]) == within


def test_the_words_hold_the_numbers(evidence: Evidence) -> None:
    metrics = {
        "teacher": {"accuracy": 0.95},
        "control": {"accuracy": 0.87, "nll": 0.5},
        "student": {"accuracy": 0.91, "nll": 0.3, "agreement": 0.9},
        "gain": {"accuracy": 0.04, "accuracy_standard_error": 0.01, "nll": 0.2},
    }
    cost = {
        "teacher": {"parameters": 1000, "ms_per_image": 6.0},
        "student": {"parameters": 100, "ms_per_image": 2.0},
    }
    first, second, third = verdict(metrics, cost).sentences
    assert "91.0%" in first
    assert "87.0%" in first
    assert "+4.0 points is more than" in first
    assert "(± 2.0 points)" in first
    assert "lower, 0.300 nats against 0.500" in second
    assert "10.0 times the student's parameters and 3.0 times its time" in third


def test_equal_losses_are_called_equal(evidence: Evidence) -> None:
    metrics = deepcopy(evidence.metrics)
    metrics["control"]["nll"] = metrics["student"]["nll"] = 0.25
    assert "of both is 0.250 nats" in quality_in_words(metrics)


def test_a_loss_has_its_sign(evidence: Evidence) -> None:
    metrics = deepcopy(evidence.metrics)
    metrics["gain"]["accuracy"] = -0.5
    assert "-50.0 points of accuracy" in gain_in_words(metrics)


def test_hidden_tokens_are_judged_by_their_nll_and_have_no_perplexity() -> None:
    metrics = {
        "teacher": {"accuracy": 0.4, "nll": 3.0},
        "control": {"accuracy": 0.3, "nll": 3.6},
        "student": {"accuracy": 0.35, "nll": 3.4, "agreement": 0.6},
        "gain": {"accuracy": 0.05, "accuracy_standard_error": 0.01, "nll": 0.2,
                 "nll_standard_error": 0.05},
    }  # fmt: skip
    cost = {
        "teacher": {"parameters": 1000, "ms_per_image": 6.0},
        "student": {"parameters": 500, "ms_per_image": 3.0},
    }
    found = verdict(metrics, cost)
    assert found.headline == "Distillation helped in this run."
    first, second, third = found.sentences
    assert "a hidden token of the test split is worth 3.400 nats, to the same" in first
    assert "60.0% of the tokens" in second
    assert "To the teacher a hidden token is worth 3.000 nats, with 2.0 times" in third
    assert "perplexity" not in "".join(found.sentences)
