"""Precision: `trainer.precision` in, the types of weights and of arithmetic out.

    float32 weights ──cast──> bf16 weights of the model
                    └──────> master copies, which the optimiser keeps or drops

Buffers stay in float32: the angles of rotary positions would be too coarse in bf16. So do layers
with running statistics, whose small updates bf16 would lose.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from stillroom.config.schema import Trainer
from stillroom.config.schema.run_schema import HALF_WEIGHTS, Precision

Autocast = Literal["32-true", "bf16-mixed"]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What a precision means.

    Attributes:
        autocast: the precision of Lightning: products in the type of the weights, or in bf16.
        has_half_weights: whether weights and gradients are in bf16.
        keeps_masters: whether the optimiser keeps float32 copies of such weights.
    """

    autocast: Autocast
    has_half_weights: bool = False
    keeps_masters: bool = False


FLOAT32 = Arithmetic("32-true")


def arithmetic_of(trainer: Trainer) -> Arithmetic:
    """Return what the precision of a trainer means on this machine."""
    precision = _resolved(trainer)
    if precision in HALF_WEIGHTS:
        return Arithmetic("32-true", True, keeps_masters=precision == "bf16_master")
    return Arithmetic("bf16-mixed") if precision == "bf16" else FLOAT32


def _resolved(trainer: Trainer) -> Precision:
    if trainer.precision != "auto":
        return trainer.precision
    gpu = trainer.accelerator != "cpu" and torch.cuda.is_available()
    return "bf16" if gpu and torch.cuda.is_bf16_supported() else "float32"


def halve(model: nn.Module) -> dict[Parameter, Tensor]:
    """Cast the weights of a model to bf16; return the float32 weights of each that was cast."""
    masters: dict[Parameter, Tensor] = {}
    for module in model.modules():
        if getattr(module, "running_mean", None) is not None:
            continue
        for weight in module.parameters(recurse=False):
            if weight.dtype == torch.float32 and weight not in masters:
                masters[weight] = weight.data
                weight.data = weight.data.bfloat16()
    return masters
