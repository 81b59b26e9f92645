"""Chance: answers and labels in, whether the answers are better than answers without knowledge out.

classes:  probabilities [N, C], labels [N] ──against shuffled labels──> p of no knowledge
tokens:   NLL of each token ──against how often the tokens stand in the train split──> at chance

Accuracy below the share of the largest class says nothing: a sound model of a class of 1% is often
below it. Shuffled labels keep the shares of the classes and of the answers, and remove only what
the model knows about the single example.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.metrics import FLOOR
from stillroom.evaluation.validate_arrays import Labels, Probabilities

# A model without knowledge is called one in 1 - LEVEL of the cases.
LEVEL = 0.1
# Fewer right answers than this quantile of guessing is below chance, as of labels that are swapped,
# unless the answers fit the labels better than shuffled ones.
BELOW = 0.001
# Nothing is concluded from fewer rows, or where fewer of them have a label that is not the most
# frequent one.
FEWEST, FEWEST_OTHERS = 30, 10


@dataclass(frozen=True, slots=True)
class Skill:
    """How much classification knows.

    Attributes:
        rows: N.
        others: how many rows have another label than the most frequent one.
        right: how many first choices are the label.
        shuffled: how many would be with shuffled labels, on average.
        p: the probability that shuffled labels are as likely as the true ones, or likelier.
        p_below: the probability that guessing gives so few right answers, or fewer.
    """

    rows: int
    others: int
    right: int
    shuffled: float
    p: float
    p_below: float

    @property
    def is_at_chance(self) -> bool:
        """Whether the answers fit the labels no better than they fit shuffled labels."""
        is_judged = self.rows >= FEWEST and self.others >= FEWEST_OTHERS
        return is_judged and self.p > LEVEL

    @property
    def is_below_chance(self) -> bool:
        """Whether there are fewer right answers than guessing gives, and no other knowledge.

        A sound model that answers a rare class too often is right less often than guessing, but
        its answers fit the labels in their order. Those of swapped classes do not.
        """
        return self.rows >= FEWEST and self.p_below < BELOW and self.p > LEVEL


def skill(probabilities: Probabilities, labels: Labels) -> Skill:
    """Return how much classification answers know about labels.

    The statistic is the sum of log p(label), which sees a weak model whose first choice never
    changes. Over all orders of the labels its mean and variance are known exactly, and it is
    normal for many rows: Hoeffding (1951), "A Combinatorial Central Limit Theorem", theorems 1-3.

    Args:
        probabilities: [N, C], N > 0.
        labels: [N], indices of the true classes.
    """
    from scipy.special import ndtr
    from scipy.stats import binom

    count, classes = probabilities.shape
    log_p = np.log(np.clip(np.asarray(probabilities, np.float64), FLOOR, 1.0))
    of_labels = np.bincount(labels, minlength=classes).astype(np.float64)
    ahead, deviation = _ahead_of_shuffles(log_p, labels, of_labels / count)
    first = probabilities.argmax(axis=1)
    right = int((first == labels).sum())
    return Skill(
        rows=count,
        others=int(count - of_labels.max()),
        right=right,
        shuffled=float(of_labels[first].mean()),
        # Answers that are all equal fit every order of the labels, up to rounding.
        p=float(ndtr(-ahead / deviation)) if deviation > 1e-9 * count else 1.0,
        p_below=float(binom.cdf(right, count, 1 / classes)),
    )


def _ahead_of_shuffles(
    log_p: NDArray[np.float64], labels: Labels, shares: NDArray[np.float64]
) -> tuple[float, float]:
    """Return how far the sum of log p(label) is above its mean over all orders of the labels.

    Args:
        log_p: [N, C].
        labels: [N].
        shares: [C], the share of each class among the labels.

    Returns:
        The distance, and the standard deviation over the orders.
    """
    of_rows = log_p - (log_p @ shares)[:, None]  # [N, C], each row's own mean removed
    of_both = of_rows - of_rows.mean(axis=0)
    count = len(labels)
    variance = count / max(1, count - 1) * float((of_both**2 @ shares).sum())
    return float(of_rows[np.arange(count), labels].sum()), variance**0.5


def unigram_nll(train: NDArray[np.integer], tokens: NDArray[np.integer], vocabulary: int) -> float:
    """Return the NLL per token of a model that knows only how often each token stands in train.

    Every token of the vocabulary counts once more than it stands there (Laplace). If even that is
    worse than equal probabilities, the result is theirs, log of the vocabulary.

    Args:
        train: the tokens to count.
        tokens: [M], the tokens to predict.
        vocabulary: how many tokens there are.
    """
    seen = np.bincount(train, minlength=vocabulary) + 1.0
    nll = float(-np.log(seen[tokens] / seen.sum()).mean())
    return min(nll, float(np.log(vocabulary)))
