"""Soft labels: the teachers' answers in Parquet, with keys, fingerprints and checks.

    from stillroom import softlabels

    labels = softlabels.open("data/04_soft_labels")
    batch = labels.read(example_ids, temperature=4.0)

`open`, `OpenedSet` and `RowDistributions` are for programs; they are imported when they are first
used, so that importing this package costs nothing. So are `SoftLabelCollator`, `SoftLabelLoss` and
`training_rows`, which are for trainers of other libraries and live in `stillroom.trainers`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stillroom.softlabels.open_set import OpenedSet, RowDistributions, open

__all__ = ["OpenedSet", "RowDistributions", "open"]


# They need torch and what lies above soft labels, so no module of this package imports them.
_OF_TRAINERS = ("SoftLabelCollator", "SoftLabelLoss", "training_rows")


def __getattr__(name: str) -> Any:
    """Import what programs use when it is first used."""
    if name in _OF_TRAINERS:
        return getattr(import_module("stillroom.trainers"), name)
    if name in __all__:
        return getattr(import_module("stillroom.softlabels.open_set"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
