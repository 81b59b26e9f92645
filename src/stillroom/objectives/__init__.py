"""Objectives: the mathematics of learning from a teacher.

    from stillroom import objectives

    loss = objectives.forward_kl(student_logits, teacher_logits, temperature=4.0)

The names below are for programs: each loss is a function on tensors. They are imported when they
are first used, because torch takes seconds to import.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from stillroom.errors import MissingPackageError

if TYPE_CHECKING:
    from stillroom.objectives.functional.distillation import distillation_loss, hard_cross_entropy
    from stillroom.objectives.functional.features import (
        attention_transfer,
        hidden_cosine,
        hidden_mse,
        pool,
        rkd_angle,
        rkd_distance,
        similarity_preserving,
    )
    from stillroom.objectives.functional.response import (
        decoupled_topk,
        dkd,
        forward_kl,
        jensen_shannon,
        reverse_kl,
        skew_kl,
        skew_reverse_kl,
    )
    from stillroom.objectives.functional.targets import Target, Targets

__all__ = [
    "Target",
    "Targets",
    "attention_transfer",
    "decoupled_topk",
    "distillation_loss",
    "dkd",
    "forward_kl",
    "hard_cross_entropy",
    "hidden_cosine",
    "hidden_mse",
    "jensen_shannon",
    "pool",
    "reverse_kl",
    "rkd_angle",
    "rkd_distance",
    "similarity_preserving",
    "skew_kl",
    "skew_reverse_kl",
]

if find_spec("torch") is None:
    raise MissingPackageError(
        "stillroom.objectives needs torch, which is not installed. Run: "
        "pip install 'stillroom[project]'"
    )


def __getattr__(name: str) -> Any:
    """Import a name that programs use when it is first used."""
    if name in __all__:
        for part in ("response", "distillation", "features", "targets"):
            module = import_module(f"stillroom.objectives.functional.{part}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
