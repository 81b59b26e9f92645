"""Predict: examples, teachers and students in, a table of the answers of each run out.

validation and test rows ──each run──> example_id, split, label, one column per run
"""

from pathlib import Path

import polars as pl

from stillroom.assess.predict.labelled_rows import labelled_rows, test_rows
from stillroom.assess.predict.predict_classes import predict_classes
from stillroom.assess.predict.predict_tokens import predict_tokens
from stillroom.config.schema import Inference
from stillroom.data.encoders import SequenceEncoder, read_encoder
from stillroom.data.ingest.splits import VALIDATION
from stillroom.evaluation.arms import runs_in
from stillroom.io.tables import TableFile
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.stored_teachers import teacher_refs


def predict(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    inference: Inference,
    students: Path,
) -> pl.DataFrame:
    """Return the answers of the teacher and of each run on the validation and test splits.

    If the soft labels keep every logit, the teacher's answers are read from them. A truncated set
    does not hold the teacher's whole answers, so then the teacher runs again.

    Args:
        examples: every example, with `example_id`, `split`, `label` and its content.
        encoder: the folder of the students' encoder.
        soft_labels: the ensemble's answers to the examples.
        teachers: a folder with one model directory per member; the soft labels must be theirs.
        inference: how the teachers run.
        students: a folder with the model directory of each run.

    Returns:
        For classifiers the labelled rows: `example_id`, `split`, `label`, and `teacher`, `control`,
        `student` and the other runs, each list[float32] with C values. For language models the
        table of `predict_tokens`, for the test split.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged.
        SoftLabelError: the soft labels come from other teachers.
    """
    fitted, refs = read_encoder(encoder), teacher_refs(teachers, inference)
    soft_labels.require(fitted.classes, [ref.weights for ref in refs])
    directories = {run.name: students / run.name for run in runs_in(students)}
    frame = examples.read()
    test = test_rows(frame, fitted)
    rows = labelled_rows(frame, fitted, VALIDATION).vstack(test)
    if isinstance(fitted, SequenceEncoder):
        return predict_tokens(rows, fitted, refs, soft_labels.ensemble, directories)
    return predict_classes(rows, fitted, refs, soft_labels, directories)
