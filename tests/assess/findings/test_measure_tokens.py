"""Evaluation of language models: measures of the models' predictions, token by token."""

import numpy as np
import polars as pl
import pytest
from support.evaluation.token_predictions import TIMES, Predicted

from stillroom.assess.findings.measure_tokens import (
    TokenPredictions,
    measure_tokens,
    reliability_of_tokens,
)

CALIBRATED = {"temperature", "scaled_ece", "scaled_nll"}


def flat(frame: pl.DataFrame, name: str) -> np.ndarray:
    return frame[name].explode().to_numpy()


def test_measures_are_those_of_the_predictions(predicted: Predicted) -> None:
    test, frame = predicted.rows("test"), predicted.frame
    predictions = TokenPredictions.of_frame(frame)
    metrics = measure_tokens(predictions, "next_token", 15)
    reliability = reliability_of_tokens(predictions, 15)
    nll = flat(frame, "student_nll").astype(np.float64)
    assert metrics["student"]["nll"] == pytest.approx(nll.mean())
    bits = nll.sum() / np.log(2) / test["bytes"].sum()
    assert metrics["student"]["bits_per_byte"] == pytest.approx(bits)
    assert metrics["teacher"]["kl_to_teacher"] == pytest.approx(0, abs=1e-6)
    assert metrics["teacher"]["agreement"] == 1
    gain = flat(frame, "control_nll").mean() - flat(frame, "student_nll").mean()
    assert metrics["gain"]["nll"] == pytest.approx(gain, rel=1e-3, abs=1e-6)
    marks = predictions.arm_scores()["student"]
    assert marks.log_likelihood.value == pytest.approx(-nll.mean())
    assert marks.right.examples == len(test)
    counts = [row["count"] for row in reliability if row["model"] == "student"]
    assert sum(counts) == len(nll)
    hidden = measure_tokens(predictions, "masked_token", 15)
    assert hidden["gain"] == metrics["gain"]
    text = {"perplexity", "bits_per_byte"}
    assert metrics["student"].keys() - hidden["student"].keys() == text


def test_the_temperature_mends_an_over_confident_model(predicted: Predicted) -> None:
    metrics = measure_tokens(TokenPredictions.of_frame(predicted.frame), "next_token", 15)
    control, student = metrics["control"], metrics["student"]
    assert control["temperature"] == pytest.approx(TIMES * student["temperature"], rel=2e-3)
    assert control["scaled_ece"] < control["ece"] / 2
    assert control["scaled_nll"] == pytest.approx(student["scaled_nll"], rel=1e-3)
    assert metrics["teacher"].keys() >= CALIBRATED
    assert metrics["gain"].keys() == {"accuracy", "nll"}


def of_two_seeds() -> pl.DataFrame:
    """Return one sequence of two tokens; the second student is right on one of them."""
    columns: dict[str, object] = {"bytes": [4], "labels": [[1, 2]]}
    models = {
        "teacher": ([1, 2], 1.0, 1.0),
        "control": ([1, 2], 3.0, 1.5),
        "student": ([1, 2], 1.2, 1.0),
        "student_1": ([1, 0], 1.6, 2.0),
    }
    for name, (top, temperature, nll) in models.items():
        columns[f"{name}_top"] = [top]
        columns[f"{name}_temperature"] = [temperature]
        for what in ("nll", "confidence", "kl", "scaled_nll", "scaled_confidence"):
            columns[f"{name}_{what}"] = [[nll if what == "scaled_nll" else 0.75] * 2]
    return pl.DataFrame(columns)


def test_what_is_calibrated_is_a_mean_over_seeds() -> None:
    predictions = TokenPredictions.of_frame(of_two_seeds())
    measures = measure_tokens(predictions, "next_token", 15)["student"]
    assert measures["temperature"] == pytest.approx(1.4)
    assert measures["scaled_nll"] == pytest.approx(1.5)
    # The confidence is 0.75: right on both is a gap of 0.25, and right on one of two is the same.
    assert measures["scaled_ece"] == pytest.approx(0.25)


def test_what_was_not_calibrated_has_no_such_measures() -> None:
    frame = of_two_seeds().select(pl.exclude("^.*_(temperature|scaled_nll|scaled_confidence)$"))
    metrics = measure_tokens(TokenPredictions.of_frame(frame), "next_token", 15)
    assert not CALIBRATED & metrics["student"].keys()
    assert metrics["student"]["accuracy"] == 0.75
