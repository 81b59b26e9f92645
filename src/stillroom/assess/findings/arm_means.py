"""Arm means: the metrics of each run in; their means for each arm, and the gain, out."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.io.json.number_groups import GroupedNumbers


def metrics_of(measured: Mapping[str, Sequence[Mapping[str, float]]]) -> GroupedNumbers:
    """Return the metrics by arm, as metrics.json has them.

    Args:
        measured: the runs of each arm, each with its metrics by name.

    Returns:
        the means over the runs of each arm; under `gain` the student's advantage over its control,
        as a share and in nats; a positive number is better.
    """
    metrics: GroupedNumbers = {
        arm: {name: fmean(one[name] for one in of_runs) for name in of_runs[0]}
        for arm, of_runs in measured.items()
    }
    student, control = metrics[STUDENT], metrics[CONTROL]
    metrics["gain"] = {
        "accuracy": student["accuracy"] - control["accuracy"],
        "nll": control["nll"] - student["nll"],
    }
    return metrics
