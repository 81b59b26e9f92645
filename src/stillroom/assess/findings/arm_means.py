"""Arm means: the metrics of each run in; their means for each arm, and the gain, out."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.io.json.number_groups import GroupedNumbers


def metrics_of(measured: Mapping[str, Sequence[Mapping[str, float]]]) -> GroupedNumbers:
    """Return the metrics by arm, as metrics.json has them.

    Args:
        measured: for each arm, the metrics of each run by name.

    Returns:
        The mean of each metric over the runs of an arm. `gain` is the student's advantage over its
        control: the difference in accuracy, as a share, and in NLL, in nats. Positive is better.
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
