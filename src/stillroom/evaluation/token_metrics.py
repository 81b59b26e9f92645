"""Token metrics: logits of a language model at each position in, its quality out.

    logits [M, V], labels [M] ──token_scores──> TokenScores: NLL, first choice, confidence, KL
    TokenScores of all positions ──token_quality──> TokenQuality

Only a few numbers are kept for each position, so a vocabulary of any size can be measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.metrics import ece_of
from stillroom.evaluation.statistics.scores import Doubles

if TYPE_CHECKING:
    from torch import Tensor

# How many logits are processed at once, in float64: as many as fit into a processor's cache. With
# 2**23 it took 2.5 times as long.
CHUNK = 2**17

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenScores:
    """The scores of a model at M positions.

    Attributes:
        nll: [M], -log q(label), in nats.
        top: [M], the first choice.
        confidence: [M], the probability of the first choice.
        kl: [M], KL(teacher || model) in nats; 0 for the teacher itself.
    """

    nll: Doubles
    top: Ints
    confidence: Doubles
    kl: Doubles


@dataclass(frozen=True, slots=True)
class TokenQuality:
    """How good a language model is, over all positions of a split.

    Attributes:
        accuracy: the share of tokens that are the model's first choice.
        nll: the NLL per token, in nats.
        ece: the calibration error of the first choice.
        agreement: the share of positions with the teacher's first choice.
        kl_to_teacher: KL(teacher || model), in nats.
    """

    accuracy: float
    nll: float
    ece: float
    agreement: float
    kl_to_teacher: float


@dataclass(frozen=True, slots=True)
class TextQuality:
    """How likely a text is under a model that predicts it token after token.

    Attributes:
        perplexity: exp of the NLL of a token.
        bits_per_byte: the text's NLL in bits over its bytes in UTF-8, which does not depend on the
            tokenizer.
    """

    perplexity: float
    bits_per_byte: float


def token_scores(logits: "Tensor", labels: "Tensor", teacher: "Tensor") -> TokenScores:
    """Return the scores of logits against labels and a teacher.

    Args:
        logits: [M, V], the model's.
        labels: [M], int64.
        teacher: [M, V], the teacher's logits, or log p.

    Raises:
        DataError: a logit is NaN or infinite.
    """
    import torch

    parts = []
    for rows in rows_at_once(logits):
        log_q = logits[rows].double().log_softmax(dim=1)
        log_p = teacher[rows].double().log_softmax(dim=1)
        best = log_q.max(dim=1)
        nll = -log_q.gather(1, labels[rows][:, None])[:, 0]
        # Where p is 0, the term is 0 regardless of q.
        kl = torch.where(log_p.isneginf(), 0.0, log_p.exp() * (log_p - log_q)).sum(dim=1)
        parts.append((nll, best.indices, best.values.exp(), kl.clamp(min=0)))
    scores = TokenScores(*(torch.cat(one).cpu().numpy() for one in zip(*parts, strict=True)))
    require_finite(scores.nll)
    require_finite(scores.kl)
    return scores


def rows_at_once(logits: "Tensor") -> "Sequence[Tensor]":
    """Return the rows of [M, V] in parts of at most `CHUNK` logits, or of one row."""
    import torch

    return torch.arange(len(logits)).split(max(1, CHUNK // logits.shape[1]))


def require_finite(values: Doubles) -> None:
    """Refuse values that come from logits with NaN or infinity.

    Raises:
        DataError: a value is NaN or infinite.
    """
    if not np.isfinite(values).all():
        raise DataError("a model's logits hold NaN or infinity. It has diverged: train it again.")


def token_quality(
    model: TokenScores, teacher: TokenScores, labels: Ints, bins: int
) -> TokenQuality:
    """Return every measure of one model that is defined on single tokens.

    Args:
        model, teacher: the scores of both at the same M positions.
        labels: [M].
        bins: the number of bins of the calibration error.
    """
    right = model.top == labels
    return TokenQuality(
        accuracy=float(right.mean()),
        nll=float(model.nll.mean()),
        ece=ece_of(model.confidence, right, bins),
        agreement=float((model.top == teacher.top).mean()),
        kl_to_teacher=float(model.kl.mean()),
    )


def text_quality(model: TokenScores, text_bytes: int) -> TextQuality:
    """Return the measures of a text whose tokens were all predicted one after another.

    Masked tokens are only a part of a text and are predicted from the rest, so a masked language
    model has neither measure.
    """
    return TextQuality(
        perplexity=math.exp(float(model.nll.mean())),
        bits_per_byte=float(model.nll.sum()) / math.log(2) / max(text_bytes, 1),
    )
