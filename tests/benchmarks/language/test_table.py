"""The table: from every model's predictions of the test split to verdicts."""

from dataclasses import replace

import polars as pl
import pytest

from benchmarks.language.arms import CONTROL, FULL, THRESHOLD, TOP_K, arms
from benchmarks.language.recipe import Recipe, recipe
from benchmarks.language.table import figures

STEPS = {
    f"labels of {arm}": {"bytes": 1, "wall_s": 60.0, "cpu_s": 90.0} for arm in (THRESHOLD, TOP_K)
}
# Each arm's NLL at every token; seeds differ by a hundredth, so the gap has some error.
NLL = {CONTROL: 4.0, FULL: 3.0, THRESHOLD: 3.02, TOP_K: 5.0}
CONFIDENCE = {CONTROL: 0.9, FULL: 0.6, THRESHOLD: 0.61, TOP_K: 0.95}


@pytest.fixture(scope="module")
def made() -> Recipe:
    return recipe(seeds=2)


def predictions(**nll: float) -> pl.DataFrame:
    """Return three sequences of two tokens; each model is right on one of the two."""
    columns: dict[str, object] = {"labels": [[1, 2]] * 3, "bytes": [8] * 3}
    models = {"teacher": (2.5, 0.5)}
    for arm in NLL:
        for seed in range(2):
            off = 0.01 * seed if arm == CONTROL else 0.0
            models[f"{arm}_{seed}"] = (nll.get(arm, NLL[arm]) + off, CONFIDENCE[arm])
    for name, (loss, confidence) in models.items():
        columns[f"{name}_nll"] = [[loss, loss]] * 3
        columns[f"{name}_top"] = [[1, 0]] * 3
        columns[f"{name}_confidence"] = [[confidence, confidence]] * 3
        columns[f"{name}_kl"] = [[0.1, 0.1]] * 3
    return pl.DataFrame(columns)


def test_every_line_of_a_good_table(made: Recipe) -> None:
    lines = [(one.measured, one.met) for one in figures(predictions(), made, STEPS, False)]
    assert lines[0][0].startswith("teacher 2.5000, hard labels 4.0050, full logits 3.0000")
    assert "full logits 0.1000, threshold 0.1100, topk 0.4500" in lines[1][0]
    # 1.005 with seeds 0.01 apart: a deviation of 0.005 over the root of two seeds.
    assert lines[2] == ("1.0050 ± 0.0050 (201.0 standard errors)", True)
    assert lines[3][0].startswith("98.0%")
    assert lines[3][1] is True
    assert lines[4][0].startswith("-99.0%")
    assert lines[4][1] is None
    assert lines[5] == ("1.10 (1.10, 1.10)", True)
    assert lines[6][0].startswith("4.50")
    assert lines[7] == ("2.0 min (3.0 min of CPU)", True)


def test_bounds_are_missed(made: Recipe) -> None:
    name = "share of the gap that the cache closes"
    lines = figures(predictions(**{THRESHOLD: 3.06}), made, STEPS, False)
    (share,) = (one for one in lines if one.name.startswith(f"{name}, threshold"))
    assert share.met is False
    slow = {name: {**step, "wall_s": 1300.0} for name, step in STEPS.items()}
    assert figures(predictions(), made, slow, False)[-1].met is False


def test_a_resumed_run_reports_no_time(made: Recipe) -> None:
    assert figures(predictions(), made, STEPS, went_on=True)[-1].met is None


def test_each_arm_learns_from_what_it_says_and_all_else_is_equal(made: Recipe) -> None:
    fits = {arm.name: arm.fit(made, 1) for arm in arms(made)}
    alike = {"name": "", "output": "a", "objective": None, "mode": "cached"}
    same = [replace(fit, **alike) for fit in fits.values()]
    assert all(fit == same[0] for fit in same)
    assert fits[CONTROL].objective is None
    assert fits[FULL].mode == "live"
    objective = fits[THRESHOLD].objective
    assert objective == fits[TOP_K].objective == fits[FULL].objective
    assert objective is not None
    assert (objective.hard_weight, objective.temperature) == (0.0, 1.0)
    assert objective.missing_mass == "renormalise"
    draws = {arm.name: arm.draws for arm in arms(made)}
    assert draws[THRESHOLD] == made.student.epochs
    assert made.data.text.vocabulary >= 8192
