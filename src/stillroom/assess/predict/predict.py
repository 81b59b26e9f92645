"""Predict: examples, teachers and students in, the table of what each run answers out.

validation and test rows ──each run──> example_id, split, label, a column a run
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from stillroom.assess.predict.labelled_rows import labelled_rows, test_rows
from stillroom.assess.predict.predict_classes import predict_classes
from stillroom.assess.predict.predict_tokens import predict_tokens
from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.evaluation.arms import runs_in
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.teacher_ref import TeacherRef


def predict(
    examples: pl.DataFrame,
    encoder: Encoder,
    soft_labels: SoftLabelSet,
    teachers: Sequence[TeacherRef],
    students: Path,
) -> pl.DataFrame:
    """Return what each run answers to validation and test.

    Where every logit was kept, the teacher's answers are read from the soft labels. A truncated
    set is no measure of the teacher, so the teacher runs again.

    Args:
        examples: every example, with `example_id`, `split`, `label` and its content.
        encoder: of the students.
        soft_labels: the ensemble's answers to them.
        teachers: whose answers they must be.
        students: a folder with the model directory of each run.

    Returns:
        of the labelled rows `example_id`, `split`, `label`, and `teacher`, `control`, `student`
        and the other runs, each list[float32], C long; of a language model what `predict_tokens`
        says of the test split.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged.
    """
    soft_labels.require(encoder.classes, [ref.weights for ref in teachers])
    own = {run.name: students / run.name for run in runs_in(students)}
    test = test_rows(examples, encoder)
    rows = labelled_rows(examples, encoder, "validation").vstack(test)
    if isinstance(encoder, SequenceEncoder):
        return predict_tokens(rows, encoder, teachers, soft_labels.ensemble, own)
    return predict_classes(rows, encoder, teachers, soft_labels, own)
