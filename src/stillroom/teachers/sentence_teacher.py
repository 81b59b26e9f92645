"""Sentence teachers: a pretrained encoder and labelled texts in, a classifier of texts out.

    folder ──encoder──> embeddings of labelled texts ──logistic regression──> head
    encoder + head ──> ensemble/member_0, a model directory with a token encoder beside it

The encoder is not trained. The embeddings are kept, so that `capture` does not run the encoder on
these texts again. Unless the strength of the penalty on the head is set, it is the one
with the lowest NLL on the validation split.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from stillroom.config.model_files import CONFIG, instead_of_model
from stillroom.config.schema import Head
from stillroom.data.encoders import Encoder, TokenEncoder
from stillroom.data.ingest.splits import TRAIN, VALIDATION
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.token_layout import Sequences
from stillroom.errors import DataError, ModelError
from stillroom.models.pretrained.model_directory import save_model
from stillroom.teachers.sentence.linear_head import (
    STRENGTHS,
    Doubles,
    Labels,
    LinearHead,
    fit_head,
    fit_heads,
)

if TYPE_CHECKING:
    from stillroom.models.architectures.sentence_encoder import SentenceForSequenceClassification
    from stillroom.teachers.sentence.embed_texts import Embedder

_LOG = logging.getLogger(__name__)


def fit_sentence_teacher(
    given: Path,
    target: Path,
    examples: pl.DataFrame,
    encoder: Encoder,
    head: Head,
    kept: Path | None = None,
) -> None:
    """Write a teacher of the classes of the examples as a model directory.

    Args:
        given: the folder of the sentence encoder.
        target: the folder to write.
        examples: all examples; the labelled rows of train and validation are embedded.
        encoder: the encoder of the examples. The teacher gets it too if it has the tokenizer of
            the sentence encoder.
        head: how the head is fitted.
        kept: the folder of the kept embeddings; None keeps none.

    Raises:
        ModelError: the folder does not hold a sentence encoder that Stillroom can read.
        DataError: the examples are not texts, or a class has no labelled row.
    """
    import torch

    from stillroom.teachers.sentence.embed_texts import Embedder

    if not (given / CONFIG).is_file():
        raise ModelError(f"teacher.path {given} {instead_of_model(given)}")
    if "text" not in examples.columns:
        raise DataError(
            "teacher.source is sentence, but the examples are not texts. Set data.columns.text, or "
            "choose another teacher."
        )
    model, own = _sentence_classifier(given, encoder)
    fitted = _fitted_head(Embedder(model, kept), own, examples, encoder.classes, head)
    with torch.no_grad():
        model.classifier.weight.copy_(torch.from_numpy(fitted.weights))
        model.classifier.bias.copy_(torch.from_numpy(fitted.bias))
    save_model(model, own, target)


def _fitted_head(
    embedder: "Embedder",
    encoder: TokenEncoder,
    examples: pl.DataFrame,
    classes: tuple[str, ...],
    head: Head,
) -> LinearHead:
    """Return the head for the labelled rows; their embeddings are kept before it is fitted."""
    labelled = examples.filter(pl.col("label").is_not_null())
    inputs, labels = _labelled_inputs(encoder, labelled.filter(pl.col("split") == TRAIN))
    _require_every_class(labels, classes)
    vectors = embedder.vectors(inputs)
    if head.strength is not None:
        embedder.keep()
        return fit_head(vectors, labels, head.strength, head.steps)
    others, theirs = _labelled_inputs(encoder, labelled.filter(pl.col("split") == VALIDATION))
    validation = embedder.vectors(others)
    embedder.keep()
    return _best_head(vectors, labels, validation, theirs, head)


def _sentence_classifier(
    given: Path, encoder: Encoder
) -> "tuple[SentenceForSequenceClassification, TokenEncoder]":
    """Return the model with a head of zeros, and the encoder of its texts."""
    from stillroom.models.architectures.sentence_encoder import sentence_classifier
    from stillroom.models.pretrained.own_files import require_own_files
    from stillroom.models.pretrained.sentence_transformers import (
        read_max_length,
        read_pooling,
        read_prompt,
        read_sentence_encoder,
    )

    require_own_files(given)
    pooling, base = read_pooling(given), read_sentence_encoder(given)
    tokenizer = read_model_tokenizer(given)
    length = read_max_length(given, base)
    if isinstance(encoder, TokenEncoder) and encoder.tokenizer == tokenizer:
        length = min(length, encoder.length)
    own = TokenEncoder.of(tokenizer, encoder.classes, length)
    prompt = read_prompt(given)
    if prompt:
        _LOG.info("The encoder reads each text after its default prompt: %r", prompt)
        own = replace(own, prompt=prompt)
    skipped = 0 if pooling.includes_prompt else _prompt_tokens(own)
    model = sentence_classifier(base, encoder.classes, pooling.mode, pooling.normalise, skipped)
    return model, own


def _prompt_tokens(encoder: TokenEncoder) -> int:
    """Return how many tokens a prompt has, with the special ones before it; 0 without a prompt.

    Raises:
        ModelError: the prompt leaves no room for a text.
    """
    if not encoder.prompt:
        return 0
    (prompt,) = encoder.tokenizer.encode([encoder.prompt])
    # sentence-transformers counts the prompt with special tokens around it, less the last one.
    count = len(encoder.before) + len(prompt.ids) + max(len(encoder.after) - 1, 0)
    if count >= encoder.length - len(encoder.after):
        raise ModelError(
            f"The prompt of the sentence encoder has {count} tokens, and a text at most "
            f"{encoder.length}. Raise data.text.length."
        )
    return count


def _labelled_inputs(encoder: TokenEncoder, frame: pl.DataFrame) -> tuple[Sequences, Labels]:
    """Return inputs [N, 3, length] and labels [N] of labelled rows."""
    if frame.is_empty():
        raise DataError(
            "The train or the validation split has no labelled row, but the head needs one. Label "
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
    return encoder.encode(frame), frame["label"].to_numpy().astype(np.int64)


def _best_head(
    vectors: Doubles, labels: Labels, others: Doubles, theirs: Labels, head: Head
) -> LinearHead:
    """Return the head with the lowest NLL on the validation rows `others`."""
    heads = fit_heads(vectors, labels, STRENGTHS[-1], head.steps)
    nll = {strength: fitted.nll(others, theirs) for strength, fitted in heads.items()}
    best = min(STRENGTHS, key=nll.__getitem__)
    _LOG.info(
        "The head with C = %g has the lowest NLL on the validation rows: %.4f nats", best, nll[best]
    )
    return heads[best]


def _require_every_class(labels: Labels, classes: tuple[str, ...]) -> None:
    missing = np.setdiff1d(np.arange(len(classes)), labels)
    if len(missing):
        raise DataError(
            f"{len(missing)} of {len(classes)} classes have no labelled training row; the first is "
            f"{classes[missing[0]]}. Label some rows, or raise data.label_fraction."
        )
