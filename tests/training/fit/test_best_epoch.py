"""The best epoch: the lowest NLL, the highest accuracy or the last one; patience ends a fit."""

from typing import Literal

import pytest
from support.training.jobs import fitted

from stillroom.training.fit.best_epoch import BestEpoch

NLL = [0.9, 0.5, 0.6, 0.5, 0.4]
ACCURACY = [0.6, 0.7, 0.8, 0.8, 0.75]


@pytest.mark.parametrize(
    ("keep", "best"),
    [
        ("nll", [True, True, False, False, True]),
        ("accuracy", [True, True, True, False, False]),
        ("last", [True] * 5),
    ],
)
def test_an_epoch_is_the_best_only_if_it_is_better_than_all_before(
    keep: Literal["nll", "accuracy", "last"], best: list[bool]
) -> None:
    rule = BestEpoch(fitted(keep=keep))
    judged = []
    for nll, accuracy in zip(NLL, ACCURACY, strict=True):
        rule.judge(nll, accuracy)
        judged.append(rule.is_best)
    assert judged == best


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (3, None), (None, None)])
def test_patience_counts_the_epochs_without_an_improvement(
    patience: int | None, epochs: int | None
) -> None:
    rule = BestEpoch(fitted(keep="nll", patience=patience))
    over = None
    for epoch, (nll, accuracy) in enumerate(zip(NLL, ACCURACY, strict=True), start=1):
        rule.judge(nll, accuracy)
        if rule.is_over and over is None:
            over = epoch
    assert over == epochs
