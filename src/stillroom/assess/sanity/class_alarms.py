"""Alarms about classes: labelled rows by split and class in, classes that nobody can learn out."""

from collections.abc import Iterator, Mapping, Sequence

from stillroom.assess.sanity.alarm import Alarm
from stillroom.data.ingest.label_forms import label_key
from stillroom.data.ingest.splits import TEST, TRAIN, VALIDATION
from stillroom.data.notices import counted
from stillroom.reporting.display_names import LONGEST_IN_TEXT, short

MOST_NAMES = 5
HELD_OUT = (VALIDATION, TEST)

Counts = Mapping[str, Mapping[str, int]]


def class_alarms(counts: Counts, left_out: Sequence[str] = ()) -> Iterator[Alarm]:
    """Yield the alarms about classes.

    Args:
        counts: split -> class -> labelled rows; each class stands in each split.
        left_out: the parameters that leave out training labels, as `data.label_fraction=0.1`.
    """
    untrained = [name for name, rows in counts[TRAIN].items() if not rows]
    absent = [name for name in untrained if not _held_out(counts, name)]
    tested = [name for name in untrained if _held_out(counts, name)]
    of_all = f"of {len(counts[TRAIN])} classes"
    labels = f", or change {' and '.join(left_out)}, which leaves out training labels"
    if tested:
        rows = sum(_held_out(counts, name) for name in tested)
        yield Alarm(
            "class_without_training_rows",
            f"{len(tested)} {of_all} {_have(tested)} no labelled training row, but "
            f"{_rows_of(counts, tested)} in validation and test: {_listed(tested)}. No model can "
            f"learn {'it' if len(tested) == 1 else 'them'}, and {counted(rows, 'row')} would "
            "count as mistakes.",
            f"{_twins(tested, counts)}Give each class training rows, or take its rows out of "
            f"validation and test{labels if left_out else ''}.",
        )
    if absent:
        yield Alarm(
            "class_without_rows",
            f"{len(absent)} {of_all} {_have(absent)} no labelled row in any split: "
            f"{_listed(absent)}.",
            f"{_twins(absent, counts)}Remove what is not a class from data.classes, or add "
            f"rows{labels if left_out else ''}.",
        )


def _held_out(counts: Counts, name: str) -> int:
    return sum(counts[split].get(name, 0) for split in HELD_OUT)


def _rows_of(counts: Counts, names: Sequence[str]) -> str:
    return " and ".join(
        f"{sum(counts[split].get(name, 0) for name in names):,}" for split in HELD_OUT
    )


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(short(name, LONGEST_IN_TEXT) for name in names[:MOST_NAMES])
    return f"{shown}, …" if len(names) > MOST_NAMES else shown


def _twins(names: Sequence[str], counts: Counts) -> str:
    """Return a hint if a class is another one written differently, as 1.0 and 1; else nothing."""
    trained = {label_key(name): name for name, rows in counts[TRAIN].items() if rows}
    for name in names:
        twin = trained.get(label_key(name))
        if twin is not None:
            one, other = (short(each, LONGEST_IN_TEXT) for each in (name, twin))
            return f"{one} and {other} look like one class: write them the same way. "
    return ""
