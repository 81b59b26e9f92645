"""Sentence teachers: an encoder from anywhere and labelled texts in, a teacher of these out.

    folder ──encoder──> embeddings of labelled texts ──logistic regression──> head
    encoder + head ──> ensemble/member_0, a model directory with a token encoder beside it

Nothing of the encoder is trained. How strongly the head is held back is chosen by the NLL of the
validation split, unless it is given.
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
from stillroom.data.encoders.sequence_encoder import Sequences
from stillroom.data.text.tokenizer import read_tokenizer
from stillroom.errors import DataError, ModelError
from stillroom.io.progress import ticking
from stillroom.models.forward.text_logits import answered
from stillroom.models.pretrained.model_directory import save_model

if TYPE_CHECKING:
    from torch import Tensor

    from stillroom.models.architectures.sentence_encoder import SentenceForSequenceClassification

_LOG = logging.getLogger(__name__)

ROWS_AT_ONCE = 1024
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)  # C, the inverse of how strongly it is held back

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head: logits = embedding @ weights.T + bias.

    Attributes:
        weights: [classes, D].
        bias: [classes].
    """

    weights: Doubles
    bias: Doubles

    def nll(self, vectors: Doubles, labels: Labels) -> float:
        """Return the mean NLL of labels [N], given embeddings [N, D], in nats."""
        logits = vectors @ self.weights.T + self.bias
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_z = np.log(np.exp(shifted).sum(axis=1))
        return float((log_z - shifted[np.arange(len(labels)), labels]).mean())


def fit_sentence_teacher(
    given: Path, target: Path, examples: pl.DataFrame, encoder: Encoder, head: Head
) -> None:
    """Write a teacher of the examples' classes as a model directory.

    Args:
        given: the sentence encoder's folder.
        target: the folder to write.
        examples: every example; those with a label in train and validation are embedded.
        encoder: of the examples; one of tokens is the teacher's too, where their tokenizer is.
        head: how it is fitted.

    Raises:
        ModelError: the folder holds no sentence encoder that is known.
        DataError: the examples are no texts, or a class has no labelled row.
    """
    import torch

    if not given.is_dir():
        raise ModelError(f"teacher.path {given} is no folder. Name one of a sentence encoder.")
    if "text" not in examples.columns:
        raise DataError(
            "teacher.source is sentence, and the examples are no texts. Set data.columns.text, or "
            "another teacher."
        )
    model, own = _opened(given, encoder)
    labelled = examples.filter(pl.col("label").is_not_null())
    train = labelled.filter(pl.col("split") == "train")
    vectors, labels = _embedded(model, own, train)
    _require_every_class(labels, encoder.classes)
    if head.strength is None:
        validation = labelled.filter(pl.col("split") == "validation")
        found = _chosen(vectors, labels, *_embedded(model, own, validation), head)
    else:
        found = fit_head(vectors, labels, head.strength, head.steps)
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(found.weights))
        model.classifier.bias.copy_(torch.from_numpy(found.bias))
    save_model(model, own, target)


def fit_head(vectors: Doubles, labels: Labels, strength: float, steps: int) -> Fitted:
    """Return multinomial logistic regression with an L2 penalty, by L-BFGS.

    Args:
        vectors: [N, D].
        labels: [N], each class at least once.
        strength: C; the penalty on the weights is |W|² / 2C beside the sum of the NLL.
        steps: of L-BFGS, at most.
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
            _LOG.warning("the head has not converged in %d steps: see teacher.head.steps", steps)
            fitted.fit(vectors, labels)
    weights, bias = fitted.coef_, fitted.intercept_
    if len(weights) == 1:  # of two classes one logit is given: what the second is above the first
        return Fitted(np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2)
    return Fitted(weights, bias)


def _opened(
    given: Path, encoder: Encoder
) -> "tuple[SentenceForSequenceClassification, TokenEncoder]":
    """Return the encoder without a head, and how texts become its tokens."""
    from stillroom.models.architectures.sentence_encoder import sentence_model
    from stillroom.models.pretrained.sentence_transformers import (
        read_length,
        read_pooling,
        read_sentence_encoder,
    )

    pooling, base = read_pooling(given), read_sentence_encoder(given)
    tokenizer = read_tokenizer(given)
    own = TokenEncoder.of(tokenizer, encoder.classes, read_length(given, base))
    if isinstance(encoder, TokenEncoder) and encoder.tokenizer == tokenizer:
        own = encoder
    return sentence_model(base, encoder.classes, pooling.mode, pooling.normalise), own


def _embedded(
    model: "SentenceForSequenceClassification", encoder: TokenEncoder, frame: pl.DataFrame
) -> tuple[Doubles, Labels]:
    """Return embeddings [N, D] and labels [N] of labelled rows."""
    if frame.is_empty():
        raise DataError("a split has no labelled row to fit or judge a head. Label some.")
    cut = encoder.count_cut(frame)
    if cut:
        _LOG.warning(
            "%d of %d texts are longer than the %d tokens that the encoder sees, and are cut",
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

    from stillroom.models.architectures.sentence_encoder import embedded

    def ask(batch: "Tensor") -> "tuple[Tensor, ...]":
        with torch.inference_mode():
            return (embedded(model, batch),)

    parts = []
    with ticking("embedding", len(inputs), "texts") as ticker:
        for start in range(0, len(inputs), ROWS_AT_ONCE):
            (found,) = answered(ask, inputs[start : start + ROWS_AT_ONCE], ROWS_AT_ONCE)
            parts.append(found.numpy())
            ticker.advance(len(parts[-1]))
    return np.concatenate(parts)


def _chosen(
    vectors: Doubles, labels: Labels, others: Doubles, theirs: Labels, head: Head
) -> Fitted:
    """Return the head with the lowest NLL on the validation rows `others`."""
    heads = {strength: fit_head(vectors, labels, strength, head.steps) for strength in STRENGTHS}
    nll = {strength: found.nll(others, theirs) for strength, found in heads.items()}
    best = min(STRENGTHS, key=nll.__getitem__)
    _LOG.info("the head with C = %g is best: %.4f nats on validation rows", best, nll[best])
    return heads[best]


def _require_every_class(labels: Labels, classes: tuple[str, ...]) -> None:
    lacking = np.setdiff1d(np.arange(len(classes)), labels)
    if len(lacking):
        raise DataError(
            f"{len(lacking)} of {len(classes)} classes have no labelled training row, the first is "
            f"{classes[lacking[0]]}. Label some, or raise data.label_fraction."
        )
