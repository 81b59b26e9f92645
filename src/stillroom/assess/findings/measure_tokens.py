"""Token metrics: the scores of each model at each position in, metrics and arm scores out.

predictions ──TokenPredictions──> metrics, arm scores, reliability
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.assess.findings.arm_means import metrics_of
from stillroom.assess.predict.predict_tokens import SCALED_SCORES, SCORES
from stillroom.data.encoders.sequence_encoder import Task
from stillroom.evaluation.arms import TEACHER, run_of_name
from stillroom.evaluation.calibration import reliability_of
from stillroom.evaluation.statistics.evidence import ArmScores, Choices
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.token_metrics import TokenScores, text_quality, token_quality
from stillroom.evaluation.token_temperature_scaling import ScaledScores, scaled_quality
from stillroom.io.json.number_groups import GroupedNumbers

Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TokenPredictions:
    """The scores of every run at each of the M positions of the test split.

    Attributes:
        labels: [M], sequence after sequence.
        lengths: [N], the number of positions in each sequence.
        text_bytes: the number of UTF-8 bytes in the text of all sequences.
        arms: the runs of each arm, by seed number.
        scaled: the same after calibration; empty if no temperature was fitted.
        turns: [M], the assistant's turn in its conversation, from 1; None for other texts.
    """

    labels: NDArray[np.int64]
    lengths: NDArray[np.int64]
    text_bytes: int
    arms: dict[str, list[TokenScores]]
    scaled: dict[str, list[ScaledScores]]
    turns: NDArray[np.int64] | None = None

    @classmethod
    def of_frame(cls, predictions: pl.DataFrame) -> "TokenPredictions":
        """Return the scores in a table that `predict_tokens` returned."""
        names = [one.removesuffix("_top") for one in predictions.columns if one.endswith("_top")]
        arms: dict[str, list[TokenScores]] = {}
        calibrated: dict[str, list[ScaledScores]] = {}
        for name in sorted(names, key=lambda name: run_of_name(name).number):
            scores = TokenScores(*(_flat(predictions, f"{name}_{what}") for what in SCORES))
            arms.setdefault(run_of_name(name).arm, []).append(scores)
            if f"{name}_temperature" in predictions.columns:
                calibrated.setdefault(run_of_name(name).arm, []).append(_scaled(predictions, name))
        return cls(
            _flat(predictions, "labels"),
            predictions["labels"].list.len().to_numpy().astype(np.int64),
            int(predictions["bytes"].sum()),
            arms,
            calibrated,
            _flat(predictions, "turns") if "turns" in predictions.columns else None,
        )

    def arm_scores(self) -> dict[str, ArmScores]:
        """Return the scores of each arm."""
        score = partial(Scores.of_sequences, lengths=self.lengths)
        return {arm: self.choices(arm).arm_scores(score) for arm in self.arms}

    def choices(self, arm: str) -> Choices:
        """Return the answers of an arm's runs, [S, M] each."""
        (teacher,), runs = self.arms[TEACHER], self.arms[arm]
        return Choices(
            right=np.stack([one.top == self.labels for one in runs]),
            log_likelihood=np.stack([-one.nll for one in runs]),
            confidence=np.stack([one.confidence for one in runs]),
            agrees=np.stack([one.top == teacher.top for one in runs]),
        )


def measure_tokens(answers: TokenPredictions, task: Task, bins: int) -> GroupedNumbers:
    """Return the metrics of each arm, as means over its runs, and the gain from the teacher.

    Args:
        answers: the scores on the test split.
        task: what the models predict: the next token, or masked tokens.
        bins: the number of bins of the calibration error.
    """
    (teacher,) = answers.arms[TEACHER]
    of_arms: dict[str, list[dict[str, float]]] = {}
    for arm, runs in answers.arms.items():
        measured = [asdict(token_quality(one, teacher, answers.labels, bins)) for one in runs]
        if task == "next_token":
            for one, metrics in zip(runs, measured, strict=True):
                metrics |= asdict(text_quality(one, answers.text_bytes))
        if answers.scaled:
            for one, scaled, metrics in zip(runs, answers.scaled[arm], measured, strict=True):
                metrics |= asdict(scaled_quality(scaled, one.top == answers.labels, bins))
        of_arms[arm] = measured
    return metrics_of(of_arms)


def reliability_of_tokens(answers: TokenPredictions, bins: int) -> Records:
    """Return the records of the reliability diagram for the first run of each arm."""
    return [
        record
        for arm, (first, *_) in answers.arms.items()
        for record in reliability_of(arm, first.confidence, first.top == answers.labels, bins)
    ]


def _scaled(predictions: pl.DataFrame, name: str) -> ScaledScores:
    values = (_flat(predictions, f"{name}_scaled_{what}") for what in SCALED_SCORES)
    return ScaledScores(predictions[f"{name}_temperature"][0], *values)


def _flat(predictions: pl.DataFrame, name: str) -> Any:
    values = predictions[name].explode(empty_as_null=False).to_numpy()
    return values.astype(np.float64) if values.dtype == np.float32 else values
