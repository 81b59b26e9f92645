"""Generation samples: beginnings of test texts in, the continuation by each model out.

test sequences ──first tokens of a piece──> teacher, control, student ──> a record per text
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from stillroom.assess.predict.labelled_rows import test_rows
from stillroom.config.schema import Inference
from stillroom.data.encoders import SequenceEncoder, read_encoder
from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.io.tables import TableFile
from stillroom.models.forward.generate import GenerationLimits, greedy_continuations
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, TeacherRef

TEXTS, BEGIN, MOST = 4, 24, 32  # texts; tokens of a beginning; tokens of a continuation

Records = list[dict[str, Any]]


def generation_samples(
    examples: TableFile, encoder: Path, teachers: Path, inference: Inference, students: Path
) -> Records:
    """Return how teacher, control and student continue texts of the test split.

    Models that do not predict the next token cannot continue a text; for them the list is empty.

    Args:
        examples: every example.
        encoder: the folder of the encoder.
        teachers: a folder with one model directory per member.
        inference: how the teachers run.
        students: a folder with the model directory of each run.

    Raises:
        DataError: the test split is empty.
        ModelError: a model directory is missing or damaged.
    """
    fitted = read_encoder(encoder)
    if not isinstance(fitted, SequenceEncoder) or fitted.task != "next_token":
        return []
    refs = teacher_refs(teachers, inference)
    directories = {arm: students / arm for arm in (CONTROL, STUDENT)}
    return continuations(test_rows(examples.read(), fitted), fitted, refs, directories)


def continuations(
    test: pl.DataFrame,
    encoder: SequenceEncoder,
    refs: Sequence[TeacherRef],
    students: Mapping[str, Path],
) -> Records:
    """Return for some texts the beginning, the true continuation, and each model's continuation.

    Only the first of several teachers is used. Shorter sequences have shorter beginnings; if all
    sequences are too short, there is no record.

    Args:
        test: the sequences.
        encoder: their encoder.
        refs: the teachers.
        students: model directories by name.

    Raises:
        ModelError: a model cannot be opened.
    """
    begin = min(BEGIN, encoder.length // 2)
    pieces = _spread([piece for piece in _first_pieces(test) if len(piece) > begin])
    tokenizer = encoder.tokenizer
    if not pieces or tokenizer.end is None:
        return []
    beginnings = [piece[:begin] for piece in pieces]
    how = CaptureSettings(augmentation="none", seed=0, batch_size=TEXTS)
    limits = GenerationLimits(most=MOST, ends=(tokenizer.end,), tokens=tokenizer.size)
    tokens = {"teacher": open_teacher(refs[0], how, encoder).continuations(beginnings, limits)}
    for name, path in students.items():
        tokens[name] = greedy_continuations(load_model(path), beginnings, limits)
    texts_by_model = {
        name: [tokenizer.decode(row) for row in rows]
        for name, rows in tokens.items()
        if rows is not None  # a teacher of this kind cannot generate
    }
    return [
        {
            "beginning": tokenizer.decode(piece[:begin]),
            "text": tokenizer.decode(piece[begin : begin + MOST]),
            **{name: texts[at] for name, texts in texts_by_model.items()},
        }
        for at, piece in enumerate(pieces)
    ]


def _first_pieces(test: pl.DataFrame) -> list[list[int]]:
    """Return the tokens of the first piece of each sequence."""
    rows = zip(test["tokens"].to_list(), test["starts"].to_list(), strict=True)
    return [tokens[: starts[1]] if len(starts) > 1 else tokens for tokens, starts in rows]


def _spread(pieces: list[list[int]]) -> list[list[int]]:
    """Return `TEXTS` pieces, at even distances."""
    places = np.linspace(0, len(pieces) - 1, min(TEXTS, len(pieces))).round().astype(int)
    return [pieces[place] for place in places]
