"""Sentence teachers: a pretrained encoder and labelled texts in, a classifier of them out.

    folder ──encoder──> embeddings of labelled texts ──logistic regression──> head
    encoder + head ──> ensemble/member_0, a model directory with a token encoder beside it

The encoder is not trained. The strength of the penalty on the head is that of the lowest NLL on the
validation split, unless it is set.
"""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.config.schema import Head
from stillroom.data.encoders import Encoder, TokenEncoder
from stillroom.data.ingest.splits import TRAIN, VALIDATION
from stillroom.data.text.token_layout import Sequences
from stillroom.data.text.tokenizer import read_tokenizer
from stillroom.errors import DataError, ModelError
from stillroom.io.progress import ticking
from stillroom.models.forward.text_logits import outputs_in_order
from stillroom.models.pretrained.model_directory import save_model

if TYPE_CHECKING:
    from torch import Tensor

    from stillroom.models.architectures.sentence_encoder import SentenceForSequenceClassification

_LOG = logging.getLogger(__name__)

ROWS_AT_ONCE = 1024
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)  # C, the inverse of the penalty

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A linear head: logits = embedding @ weights.T + bias.

    Attributes:
        weights: [classes, D].
        bias: [classes].
    """

    weights: Doubles
    bias: Doubles

    def nll(self, vectors: Doubles, labels: Labels) -> float:
        """Return the mean NLL of labels [N], given embeddings [N, D], in nats."""
        from scipy.special import log_softmax

        log_p = log_softmax(vectors @ self.weights.T + self.bias, axis=1)
        return float(-log_p[np.arange(len(labels)), labels].mean())


def fit_sentence_teacher(
    given: Path, target: Path, examples: pl.DataFrame, encoder: Encoder, head: Head
) -> None:
    """Write a teacher of the classes of the examples as a model directory.

    Args:
        given: the folder of the sentence encoder.
        target: the folder to write.
        examples: all examples; the labelled rows of train and validation are embedded.
        encoder: the encoder of the examples. The teacher gets it too if it has the tokenizer of
            the sentence encoder.
        head: how the head is fitted.

    Raises:
        ModelError: the folder holds no sentence encoder that is known here.
        DataError: the examples are not texts, or a class has no labelled row.
    """
    import torch

    if not given.is_dir():
        raise ModelError(
            f"teacher.path {given} is not a folder. Set it to that of a sentence encoder."
        )
    if "text" not in examples.columns:
        raise DataError(
            "teacher.source is sentence, but the examples are not texts. Set data.columns.text, or "
            "choose another teacher."
        )
    model, own = _sentence_classifier(given, encoder)
    labelled = examples.filter(pl.col("label").is_not_null())
    train = labelled.filter(pl.col("split") == TRAIN)
    vectors, labels = _labelled_embeddings(model, own, train)
    _require_every_class(labels, encoder.classes)
    if head.strength is None:
        validation = labelled.filter(pl.col("split") == VALIDATION)
        fitted = _best_head(vectors, labels, *_labelled_embeddings(model, own, validation), head)
    else:
        fitted = fit_head(vectors, labels, head.strength, head.steps)
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(fitted.weights))
        model.classifier.bias.copy_(torch.from_numpy(fitted.bias))
    save_model(model, own, target)


def fit_head(vectors: Doubles, labels: Labels, strength: float, steps: int) -> LinearHead:
    """Return multinomial logistic regression with an L2 penalty, by L-BFGS.

    Args:
        vectors: [N, D].
        labels: [N], each class at least once.
        strength: C; the penalty on the weights is |W|² / 2C beside the sum of the NLL.
        steps: the largest number of steps of L-BFGS.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        fitted = LogisticRegression(C=strength, max_iter=steps, solver="lbfgs")
        try:
            fitted.fit(vectors, labels)
        except ConvergenceWarning:
            warnings.simplefilter("ignore", ConvergenceWarning)
            _LOG.warning("The head has not converged in %d steps. Raise teacher.head.steps.", steps)
            fitted.fit(vectors, labels)
    weights, bias = fitted.coef_, fitted.intercept_
    if len(weights) == 1:  # for two classes sklearn fits one logit: the second minus the first
        return LinearHead(
            np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        )
    return LinearHead(weights, bias)


def _sentence_classifier(
    given: Path, encoder: Encoder
) -> "tuple[SentenceForSequenceClassification, TokenEncoder]":
    """Return the model with a head of zeros, and the encoder of its texts."""
    from stillroom.models.architectures.sentence_encoder import sentence_classifier
    from stillroom.models.pretrained.sentence_transformers import (
        read_max_length,
        read_pooling,
        read_sentence_encoder,
    )

    pooling, base = read_pooling(given), read_sentence_encoder(given)
    tokenizer = read_tokenizer(given)
    own = TokenEncoder.of(tokenizer, encoder.classes, read_max_length(given, base))
    if isinstance(encoder, TokenEncoder) and encoder.tokenizer == tokenizer:
        own = encoder
    return sentence_classifier(base, encoder.classes, pooling.mode, pooling.normalise), own


def _labelled_embeddings(
    model: "SentenceForSequenceClassification", encoder: TokenEncoder, frame: pl.DataFrame
) -> tuple[Doubles, Labels]:
    """Return embeddings [N, D] and labels [N] of labelled rows."""
    if frame.is_empty():
        raise DataError(
            "The train or the validation split has no labelled row, which the head needs. Label "
            "some rows."
        )
    cut = encoder.count_truncated(frame)
    if cut:
        _LOG.warning(
            "%d of %d texts are longer than the %d tokens that the encoder takes, and are "
            "truncated",
            cut,
            len(frame),
            encoder.length,
        )
    vectors = _embeddings(model, encoder.encode(frame))
    return vectors.astype(np.float64), frame["label"].to_numpy().astype(np.int64)


def _embeddings(
    model: "SentenceForSequenceClassification", inputs: Sequences
) -> NDArray[np.float32]:
    import torch

    from stillroom.models.architectures.sentence_encoder import embeddings

    def forward(batch: "Tensor") -> "tuple[Tensor, ...]":
        with torch.inference_mode():
            return (embeddings(model, batch),)

    batches = []
    with ticking("embedding", len(inputs), "texts") as ticker:
        for start in range(0, len(inputs), ROWS_AT_ONCE):
            (vectors,) = outputs_in_order(
                forward, inputs[start : start + ROWS_AT_ONCE], ROWS_AT_ONCE
            )
            batches.append(vectors.numpy())
            ticker.advance(len(batches[-1]))
    return np.concatenate(batches)


def _best_head(
    vectors: Doubles, labels: Labels, others: Doubles, theirs: Labels, head: Head
) -> LinearHead:
    """Return the head with the lowest NLL on the validation rows `others`."""
    heads = {strength: fit_head(vectors, labels, strength, head.steps) for strength in STRENGTHS}
    nll = {strength: fitted.nll(others, theirs) for strength, fitted in heads.items()}
    best = min(STRENGTHS, key=nll.__getitem__)
    _LOG.info(
        "The head with C = %g has the lowest NLL on validation rows: %.4f nats", best, nll[best]
    )
    return heads[best]


def _require_every_class(labels: Labels, classes: tuple[str, ...]) -> None:
    lacking = np.setdiff1d(np.arange(len(classes)), labels)
    if len(lacking):
        raise DataError(
            f"{len(lacking)} of {len(classes)} classes have no labelled training row; the first is "
            f"{classes[lacking[0]]}. Label some rows, or raise data.label_fraction."
        )
