"""Generation samples: texts of the test split in, how each model continues them out.

test sequences ──first tokens of a piece──> teacher, control, student ──> records
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from stillroom.assess.predict.labelled_rows import test_rows
from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.models.forward.generate import continued
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.teacher_ref import TeacherRef

TEXTS, BEGIN, MOST = 4, 24, 32  # how many, and of how many tokens

Records = list[dict[str, Any]]


def generation_samples(
    examples: pl.DataFrame, encoder: Encoder, refs: Sequence[TeacherRef], students: Path
) -> Records:
    """Return how teacher, control and student continue texts of the test split.

    Models that do not predict the next token continue none.

    Args:
        examples: every example.
        encoder: of them.
        refs: the teachers.
        students: a folder with the model directory of each run.

    Raises:
        DataError: the test split is empty.
        ModelError: a model directory is missing or damaged.
    """
    if not isinstance(encoder, SequenceEncoder) or encoder.task != "next_token":
        return []
    own = {arm: students / arm for arm in (CONTROL, STUDENT)}
    return continuations(test_rows(examples, encoder), encoder, refs, own)


def continuations(
    test: pl.DataFrame,
    encoder: SequenceEncoder,
    refs: Sequence[TeacherRef],
    students: Mapping[str, Path],
) -> Records:
    """Return for some texts their beginning, how they really go on, and what each model says.

    Of several teachers the first one speaks. Shorter sequences give shorter beginnings, and where
    all are too short there is no record.

    Args:
        test: sequences.
        encoder: of them.
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
    models = {"teacher": (refs[0].path, refs[0].inference)}
    said = {}
    for name, opened in (models | {name: (path,) for name, path in students.items()}).items():
        found = continued(load_model(*opened), beginnings, MOST, tokenizer.end, tokenizer.size)
        said[name] = [tokenizer.decode(tokens) for tokens in found]
    return [
        {
            "beginning": tokenizer.decode(piece[:begin]),
            "text": tokenizer.decode(piece[begin : begin + MOST]),
            **{name: texts[at] for name, texts in said.items()},
        }
        for at, piece in enumerate(pieces)
    ]


def _first_pieces(test: pl.DataFrame) -> list[list[int]]:
    """Return the tokens of the first piece of each sequence."""
    rows = zip(test["tokens"].to_list(), test["starts"].to_list(), strict=True)
    return [tokens[: starts[1]] if len(starts) > 1 else tokens for tokens, starts in rows]


def _spread(pieces: list[list[int]]) -> list[list[int]]:
    """Return `TEXTS` of them, at even distances."""
    places = np.linspace(0, len(pieces) - 1, min(TEXTS, len(pieces))).round().astype(int)
    return [pieces[place] for place in places]
