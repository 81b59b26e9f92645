"""Teacher alarms: the teachers and a few labelled rows in, teachers that know nothing out.

held-out rows ──at most ROWS of each split, by key──> teacher.answer ──chance──> alarms

Each member is judged alone, since a good one would hide a broken one. Its answers are not kept:
what this costs is at most 512 answers of each teacher, or 8,192 tokens.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy.special import softmax

from stillroom.assess.predict.lm_inference import batching_order
from stillroom.assess.sanity.alarm import Alarm
from stillroom.assess.sanity.chance import FEWEST, skill
from stillroom.assess.sanity.chance_alarms import class_chance, token_chance
from stillroom.assess.sanity.data_alarms import tokens_of
from stillroom.assess.sanity.row_sample import LABELLED, row_sample
from stillroom.assess.sanity.train_labels import train_labels
from stillroom.assess.sanity.vocabulary_alarms import unknown_tokens
from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.data.ingest.splits import TEST, VALIDATION
from stillroom.data.text.token_layout import LABELS, Sequences
from stillroom.io.tables import TableFile
from stillroom.softlabels.capture.sparsify_rows import on_cpu
from stillroom.teachers.stored_teachers import open_teacher
from stillroom.teachers.teacher import CaptureSettings, Teacher, TeacherRef

ROWS, SEQUENCES, POSITIONS = 256, 32, 8192

_LOG = logging.getLogger(__name__)

WAY_OUT = (
    "Compare the labels of train with those of validation and test, row by row; train the teacher "
    "longer; or choose one that knows these classes in this order."
)
WAY_OUT_OF_TOKENS = (
    "Train the teacher longer, or choose one that was trained on texts like these, with the same "
    "tokenizer."
)


@dataclass(frozen=True, slots=True)
class Questions:
    """The held-out rows that each teacher is asked about.

    Attributes:
        examples: every example.
        encoder: their encoder.
        rows: the rows that are drawn.
    """

    examples: TableFile
    encoder: Encoder
    rows: pl.DataFrame

    @classmethod
    def drawn(cls, examples: TableFile, encoder: Encoder) -> "Questions":
        """Draw labelled rows of validation and test."""
        is_text = isinstance(encoder, SequenceEncoder)
        counts = dict.fromkeys((VALIDATION, TEST), SEQUENCES if is_text else ROWS)
        rows = row_sample(examples, counts, *([] if is_text else [LABELLED]))
        return cls(examples, encoder, rows)


def teacher_alarms(
    examples: TableFile,
    encoder: Encoder,
    refs: Sequence[TeacherRef],
    how: CaptureSettings,
) -> tuple[Alarm, ...]:
    """Return the alarms about teachers.

    A teacher that cannot be asked again is not asked, since its answers may cost money.

    Args:
        examples: every example.
        encoder: their encoder.
        refs: the teachers.
        how: the settings of the capture, above all its batch size.

    Raises:
        ModelError: a teacher cannot be opened, or has other classes or tokens.
    """
    questions = Questions.drawn(examples, encoder)
    alarms: list[Alarm] = []
    for number, ref in enumerate(refs, start=1):
        teacher = open_teacher(ref, how, encoder)
        name = "The teacher" if len(refs) == 1 else f"Teacher {number} of {len(refs)}"
        if not teacher.promises.repeatable:
            _LOG.warning("%s is not tried on labelled rows: it answers only once.", name)
            continue
        found = (
            _of_tokens(teacher, teacher.encoder, questions, name)
            if isinstance(teacher.encoder, SequenceEncoder)
            else _of_classes(teacher, questions, name)
        )
        alarms += [replace(alarm, teacher=number) for alarm in found]
    return tuple(alarms)


def _of_classes(teacher: Teacher, questions: Questions, name: str) -> Iterator[Alarm]:
    rows, own = questions.rows, teacher.encoder
    if rows.height < FEWEST:
        _LOG.warning("%s is not judged: only %d held-out rows have a label.", name, rows.height)
        return
    if isinstance(own, TokenEncoder) and own != questions.encoder:
        tokens = np.concatenate(tokens_of(rows, own))
        yield from unknown_tokens(tokens, own.tokenizer.unknown, f"the tokenizer of {name.lower()}")
    logits = np.concatenate([on_cpu(part) for part in teacher.answer(own.encode(rows))])
    p, labels = softmax(logits.astype(np.float64), axis=1), rows["label"].to_numpy()
    parts = {
        split: skill(p[of_split], labels[of_split])
        for split in (VALIDATION, TEST)
        if (of_split := (rows["split"] == split).to_numpy()).any()
    }
    yield from class_chance("teacher", name, skill(p, labels), parts, WAY_OUT)


def _of_tokens(
    teacher: Teacher, encoder: SequenceEncoder, questions: Questions, name: str
) -> Iterator[Alarm]:
    inputs = _first_positions(encoder.encode(questions.rows))
    inputs = inputs[batching_order(inputs)]
    train = train_labels(questions.examples, encoder)
    labels, nll = _nll(teacher, inputs)
    yield from token_chance("teacher", name, labels, nll, train, encoder, WAY_OUT_OF_TOKENS)


def _first_positions(inputs: Sequences) -> Sequences:
    counts = (inputs[:, LABELS] >= 0).sum(axis=1)
    first: Sequences = inputs[counts.cumsum() - counts < POSITIONS]
    return first


def _nll(teacher: Teacher, inputs: Sequences) -> tuple[Any, float]:
    """Return the labels of some sequences, and the mean NLL that a teacher gives them."""
    import torch

    total, start, labels = 0.0, 0, []
    for logits in teacher.answer(inputs):
        for row, answers in zip(inputs[start:], torch.as_tensor(logits).float(), strict=False):
            of_row = row[LABELS][row[LABELS] >= 0]
            target = torch.from_numpy(of_row).long().to(answers.device)
            total += float(
                torch.nn.functional.cross_entropy(answers[: len(of_row)], target, reduction="sum")
            )
            labels.append(of_row)
        start += len(logits)
    flat = np.concatenate(labels)
    return flat, total / len(flat)
