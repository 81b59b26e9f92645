"""Student alarms: the predictions of the test split in, a student that knows nothing out.

Only the student that ships is judged, the first of its seeds.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from stillroom.assess.sanity.alarm import Alarm
from stillroom.assess.sanity.chance import skill
from stillroom.assess.sanity.chance_alarms import class_chance, token_chance
from stillroom.assess.sanity.train_labels import train_labels
from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.ingest.splits import TEST
from stillroom.evaluation.arms import STUDENT
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.io.tables import TableFile

NAME = "The student"
WAY_OUT = (
    "Train it longer or with another student.lr, look at its learning curve in the report, and "
    "compare the labels of train with those of test."
)


def student_alarms(
    predictions: TableFile, examples: TableFile, encoder: Encoder
) -> Iterator[Alarm]:
    """Yield the alarms about the student.

    Args:
        predictions: the table that `predict` returns.
        examples: every example.
        encoder: their encoder.

    Raises:
        DataError: a table is missing or damaged.
    """
    frame = predictions.read()
    if isinstance(encoder, SequenceEncoder):
        yield from _of_tokens(frame, examples, encoder)
        return
    test = ClassPredictions.of_frame(frame, TEST)
    of_test = skill(test.first(STUDENT), test.labels)
    yield from class_chance(STUDENT, NAME, of_test, {TEST: of_test}, WAY_OUT)


def _of_tokens(
    frame: pl.DataFrame, examples: TableFile, encoder: SequenceEncoder
) -> Iterator[Alarm]:
    labels, nll = (
        frame[name].explode(empty_as_null=False).to_numpy() for name in ("labels", "student_nll")
    )
    train = train_labels(examples, encoder)
    mean = float(nll.astype(np.float64).mean())
    yield from token_chance(STUDENT, NAME, labels, mean, train, encoder, WAY_OUT)
