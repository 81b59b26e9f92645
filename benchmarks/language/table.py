"""The table: every model's predictions of the test split in, figures with their bounds out."""

from dataclasses import asdict, dataclass
from statistics import mean

import numpy as np
import polars as pl

from benchmarks.done import Result
from benchmarks.language.arms import CONTROL, FULL, THRESHOLD, TOP_K
from benchmarks.language.recipe import Recipe
from benchmarks.project import Figure
from stillroom.assess.predict.predict_tokens import SCORES
from stillroom.evaluation.statistics.bootstrap import (
    estimate,
    estimate_of_share,
    standard_error,
)
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.token_metrics import TokenQuality, TokenScores, token_quality

GAP_BOUND, SHARE_BOUND, ECE_BOUND, MINUTES_BOUND = 5.0, 0.95, 1.2, 40.0
NAMES = {CONTROL: "hard labels", FULL: "full logits", THRESHOLD: "threshold", TOP_K: "topk"}


@dataclass(frozen=True)
class Measured:
    """Measures of the teacher and of each arm's students on the test split.

    Attributes:
        scores: by arm, the log-likelihood of each token.
        qualities: by arm, one for each seed; the teacher has one.
    """

    scores: dict[str, Scores]
    qualities: dict[str, list[TokenQuality]]


def measured(predictions: pl.DataFrame, recipe: Recipe) -> Measured:
    """Return the measures of each arm, from predictions as `predict_tokens` makes them."""
    lengths = predictions["labels"].list.len().to_numpy().astype(np.int64)
    labels = predictions["labels"].explode().to_numpy()
    teacher = _scores_of(predictions, "teacher")
    scores = {
        arm: [_scores_of(predictions, f"{arm}_{seed}") for seed in recipe.seeds] for arm in NAMES
    }
    of_all = {**scores, "teacher": [teacher]}
    return Measured(
        {
            arm: Scores.of_sequences(np.stack([-one.nll for one in of_arm]), lengths)
            for arm, of_arm in scores.items()
        },
        {
            arm: [token_quality(one, teacher, labels, recipe.evaluate.bins) for one in of_arm]
            for arm, of_arm in of_all.items()
        },
    )


def _scores_of(predictions: pl.DataFrame, name: str) -> TokenScores:
    columns = (predictions[f"{name}_{what}"] for what in SCORES)
    nll, top, confidence, kl = (one.explode().to_numpy() for one in columns)
    return TokenScores(nll.astype(float), top, confidence.astype(float), kl.astype(float))


def figures(
    predictions: pl.DataFrame, recipe: Recipe, steps: Result, went_on: bool
) -> list[Figure]:
    """Return the table.

    Args:
        predictions: of the test split.
        recipe: what was trained.
        steps: the result and the cost of each step.
        went_on: whether an earlier run did some of the steps.
    """
    measurements = measured(predictions, recipe)
    gap = measurements.scores[FULL] - measurements.scores[CONTROL]
    whole, error = estimate(gap), standard_error(gap)
    wide = whole.value / error
    return [
        _means("NLL, nats a token", "nll", measurements),
        _means("ECE of the first choice", "ece", measurements),
        Figure(
            f"gap from hard labels to full logits, nats a token; {len(recipe.seeds)} seeds, "
            f"{int(gap.counts.sum()):,} test tokens",
            f"{whole.value:.4f} ± {error:.4f} ({wide:.1f} standard errors)",
            f">= {GAP_BOUND:g} standard errors",
            wide >= GAP_BOUND,
            {**asdict(whole), "error": error},
        ),
        *(_share(arm, measurements, recipe, steps) for arm in (THRESHOLD, TOP_K)),
        *(_calibration(arm, measurements) for arm in (THRESHOLD, TOP_K)),
        _time(steps, went_on),
    ]


def _means(what: str, key: str, measurements: Measured) -> Figure:
    values = {arm: [getattr(one, key) for one in of] for arm, of in measurements.qualities.items()}
    of_arms = ", ".join(f"{name} {mean(values[arm]):.4f}" for arm, name in NAMES.items())
    teacher = f"teacher {values['teacher'][0]:.4f}"
    return Figure(
        f"{what}, mean of seeds", f"{teacher}, {of_arms}", "as it comes", None, {**values}
    )


def _share(arm: str, measurements: Measured, recipe: Recipe, steps: Result) -> Figure:
    alone = measurements.scores[CONTROL]
    share = estimate_of_share(measurements.scores[arm] - alone, measurements.scores[FULL] - alone)
    if share is None:
        raise ValueError("full logits are not clearly better than hard labels: there is no gap")
    entries = recipe.softlabels.entries if arm == THRESHOLD else recipe.softlabels.k
    bound = SHARE_BOUND if arm == THRESHOLD else None
    return Figure(
        f"share of the gap that the cache closes, {NAMES[arm]} at {entries:g} entries",
        f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})",
        "as it comes" if bound is None else f">= {bound:.0%}",
        None if bound is None else share.value >= bound,
        {**asdict(share), **steps[f"labels of {arm}"]},
    )


def _calibration(arm: str, measurements: Measured) -> Figure:
    pairs = zip(measurements.qualities[arm], measurements.qualities[FULL], strict=True)
    ratios = [one.ece / full.ece for one, full in pairs]
    bound = ECE_BOUND if arm == THRESHOLD else None
    return Figure(
        f"ECE of {NAMES[arm]} over that of full logits, mean of seeds",
        f"{mean(ratios):.2f} ({', '.join(f'{one:.2f}' for one in ratios)})",
        "as it comes" if bound is None else f"<= {bound}",
        None if bound is None else mean(ratios) <= bound,
        {"ratios": ratios},
    )


def _time(steps: Result, went_on: bool) -> Figure:
    """Return the time of the whole table; it is unknown if an earlier run did some of the steps."""
    wall, cpu = (sum(step[kind] for step in steps.values()) / 60 for kind in ("wall_s", "cpu_s"))
    took = {name: {key: step[key] for key in ("wall_s", "cpu_s")} for name, step in steps.items()}
    return Figure(
        "the whole table, teacher included",
        f"{wall:.1f} min ({cpu:.1f} min of CPU)" + (", in more than one run" if went_on else ""),
        f"<= {MINUTES_BOUND:g} min",
        None if went_on else wall <= MINUTES_BOUND,
        took,
    )
