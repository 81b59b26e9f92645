"""Arms: what each run of an arm was measured at in, means over runs and the gain out."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.io.json.number_groups import GroupedNumbers


def metrics_of(measured: Mapping[str, Sequence[Mapping[str, float]]]) -> GroupedNumbers:
    """Return the metrics by arm, as metrics.json has them.

    Args:
        measured: of each arm its runs, each a measure by name.

    Returns:
        of each arm means over its runs; under `gain` what the teacher brought the student over
        its control, in shares and in nats, better being positive.
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
