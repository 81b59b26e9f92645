"""Optimisers: parameters and their optimisation in, AdamW or SGD with its schedule out.

parameters + Optimisation + steps ──> optimiser, learning rate step by step
                         bf16 weights ──> the same optimiser, in float32
"""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from stillroom.config.schema import Optimisation
from stillroom.training.fit.half_optimiser import HalfOptimiser, Unmastered, WithMasters


def build_optimiser(parameters: Iterable[Parameter], how: Optimisation) -> torch.optim.Optimizer:
    """Return AdamW, or SGD with Nesterov's momentum."""
    if how.optimiser == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=how.lr,
            momentum=how.momentum,
            nesterov=how.momentum > 0,
            weight_decay=how.weight_decay,
        )
    return torch.optim.AdamW(parameters, lr=how.lr, weight_decay=how.weight_decay)


def build_half_optimiser(
    parameters: Iterable[Parameter],
    how: Optimisation,
    masters: Mapping[Parameter, Tensor] | None,
    seed: int,
) -> HalfOptimiser:
    """Return the same optimiser for weights of which some are bf16.

    Args:
        parameters: those of the model.
        how: how it is fitted.
        masters: the float32 copies of the bf16 weights; None keeps none.
        seed: the seed of the roundings where there are none.
    """
    weights, build = list(parameters), partial(build_optimiser, how=how)
    if masters is None:
        return Unmastered(weights, build, seed)
    return WithMasters(weights, build, masters)


def with_schedule(
    optimiser: torch.optim.Optimizer, how: Optimisation, steps: int
) -> dict[str, Any]:
    """Return the optimiser with its schedule over `steps` steps, as Lightning takes it."""
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, share_of_lr(how.warmup, steps))
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def share_of_lr(warmup: float, steps: int) -> Callable[[int], float]:
    """Return a step's learning rate as a share of the highest: a linear rise, then a cosine to 0.

    Args:
        warmup: the share of the steps in which it rises.
        steps: optimiser steps in all.

    Returns:
        A function of the step, from 0.
    """
    rising = round(warmup * steps)

    def share(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        done = (step - rising) / max(steps - rising, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    return share
