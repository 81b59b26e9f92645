import pytest

from stillroom.assess.findings.arm_means import metrics_of


def test_means_are_over_runs_and_the_gain_is_better_where_it_is_positive() -> None:
    means = metrics_of(
        {
            "teacher": [{"accuracy": 0.9, "nll": 0.1}],
            "control": [{"accuracy": 0.6, "nll": 0.8}, {"accuracy": 0.7, "nll": 0.6}],
            "student": [{"accuracy": 0.8, "nll": 0.5}, {"accuracy": 0.8, "nll": 0.3}],
        }
    )
    assert means["teacher"] == {"accuracy": 0.9, "nll": 0.1}
    assert means["control"] == pytest.approx({"accuracy": 0.65, "nll": 0.7})
    assert means["gain"] == pytest.approx({"accuracy": 0.15, "nll": 0.3})
