"""Plot records: the predictions of classifiers in, flat records of each plot out.

ClassPredictions ──> reliability and confusion of teacher, control and student; similarity
"""

from collections.abc import Sequence
from typing import Any

from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.evaluation.calibration import reliability
from stillroom.evaluation.confusion import confusion_records
from stillroom.evaluation.dark_knowledge.similarity import mean_soft_labels, similarity_records
from stillroom.evaluation.predictions import ClassPredictions

DRAWN = (TEACHER, CONTROL, STUDENT)

Records = list[dict[str, Any]]


def plots(
    answers: ClassPredictions, classes: Sequence[str], bins: int
) -> tuple[Records, Records, Records]:
    """Return the records of the three plots.

    Args:
        answers: the predictions for the test split.
        classes: the C names.
        bins: how many bins the reliability diagram has.

    Raises:
        DataError: there is not one name per class.
    """
    of_arms = [(arm, answers.first(arm)) for arm in DRAWN]
    labels, names = answers.labels, list(classes)
    return (
        [
            row
            for arm, probabilities in of_arms
            for row in reliability(arm, probabilities, labels, bins)
        ],
        [
            row
            for arm, probabilities in of_arms
            for row in confusion_records(arm, probabilities, labels, names)
        ],
        similarity_records(mean_soft_labels(answers.first(TEACHER), labels), names),
    )
