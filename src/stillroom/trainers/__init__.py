"""Trainers: what other libraries' trainers need to learn from a soft-label set.

    data/02_examples ──training_rows──> rows ──SoftLabelCollator──> batches with targets
    a model's outputs and the targets of a batch ──SoftLabelLoss──> Stillroom's own loss

They fit `transformers.Trainer` and what is built on it, such as TRL's SFTTrainer, and are also in
`stillroom.softlabels`. They are imported when they are first used. Neither Kedro nor Hydra is.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import stillroom.objectives  # noqa: F401  without torch, it says what to install

if TYPE_CHECKING:
    from stillroom.trainers.example_rows import training_rows
    from stillroom.trainers.soft_label_collator import SoftLabelCollator
    from stillroom.trainers.soft_label_loss import SoftLabelLoss

__all__ = ["SoftLabelCollator", "SoftLabelLoss", "training_rows"]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name in __all__:
        for part in ("soft_label_collator", "soft_label_loss", "example_rows"):
            module = import_module(f"stillroom.trainers.{part}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
