"""Optimisers of bf16 weights: bf16 gradients in, updates that are computed in float32 out.

    WithMasters   float32 copy ──step──> float32 copy ──rounded──> weight
    Unmastered    weight ──float32──step──stochastically rounded──> weight

bf16 has 8 bits of precision: an update of less than 1/512 of a weight would be rounded away, and
Adam's second moment would never decay. So the moments are always float32. Without copies, a weight
is rounded up with a probability that makes it right on average, from a generator that depends only
on the seed and the number of the step.

Each weight has an optimiser of its own, so that only one gradient at a time is in float32.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

Build = Callable[[Iterable[Parameter]], Optimizer]

DROPPED_BITS = 16  # of a float32 that bf16 does not have


class HalfOptimiser(Optimizer):
    """Steps of another optimiser, in float32, for weights of which some are bf16."""

    def __init__(self, weights: Sequence[Parameter], build: Build) -> None:
        """Hold one optimiser for each weight.

        Args:
            weights: those of the model; the ones that are not bf16 are stepped as they are.
            build: returns the optimiser of float32 weights.
        """
        self.weights = list(weights)
        self.wide = [
            one if one.dtype != torch.bfloat16 else Parameter(one.new_empty(0).float())
            for one in self.weights
        ]
        self.each = [build([one]) for one in self.wide]
        super().__init__(self.weights, build(self.wide).defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update each weight; return the loss of the closure."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        (group,) = self.param_groups
        for number, (weight, wide, optimiser) in enumerate(
            zip(self.weights, self.wide, self.each, strict=True)
        ):
            optimiser.param_groups[0]["lr"] = group["lr"]
            if weight is wide:
                optimiser.step()
            elif weight.grad is not None:
                wide.data, wide.grad = self._float32(number), weight.grad.float()
                weight.grad = None
                optimiser.step()
                wide.grad = None
                self._store(number, wide.data)
                wide.data = wide.data.new_empty(0)
        return loss

    @abstractmethod
    def _float32(self, number: int) -> Tensor:
        """Return a weight in float32; the step overwrites it."""

    @abstractmethod
    def _store(self, number: int, updated: Tensor) -> None:
        """Set a weight to its updated value."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state of each weight by its number, as optimisers do."""
        state = {at: dict(one.state_dict()["state"].get(0, {})) for at, one in enumerate(self.each)}
        return {"state": state, "param_groups": super().state_dict()["param_groups"]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state that `state_dict` returned."""
        super().load_state_dict({"state": {}, "param_groups": state_dict["param_groups"]})
        for at, one in enumerate(self.each):
            state = state_dict["state"][at]
            own = {"state": {0: state} if state else {}}
            one.load_state_dict(own | {"param_groups": one.state_dict()["param_groups"]})


class WithMasters(HalfOptimiser):
    """Keeps a float32 copy of each bf16 weight, which takes the updates."""

    def __init__(
        self, weights: Sequence[Parameter], build: Build, masters: Mapping[Parameter, Tensor]
    ) -> None:
        """Start with the float32 weights that `precision.halve` returned."""
        super().__init__(weights, build)
        self.masters = {
            at: masters[one].to(one.device) for at, one in enumerate(weights) if one in masters
        }

    def _float32(self, number: int) -> Tensor:
        return self.masters[number]

    def _store(self, number: int, updated: Tensor) -> None:
        self.masters[number] = updated
        self.weights[number].copy_(updated)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of each weight, with its float32 copy."""
        whole = super().state_dict()
        for number, master in self.masters.items():
            whole["state"][number]["master"] = master
        return whole

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state that `state_dict` returned."""
        states = {at: dict(state) for at, state in state_dict["state"].items()}
        for number in self.masters:
            self.masters[number].copy_(states[number].pop("master"))
        super().load_state_dict({**state_dict, "state": states})


class Unmastered(HalfOptimiser):
    """Rounds each updated weight to one of its two neighbours in bf16, right on average."""

    def __init__(self, weights: Sequence[Parameter], build: Build, seed: int) -> None:
        """Draw the roundings from `seed` and the number of the step."""
        super().__init__(weights, build)
        self.seed, self.steps = seed, 0

    def step(self, closure: Any = None) -> Any:
        """Update each weight; return the loss of the closure."""
        loss = super().step(closure)
        self.steps += 1
        return loss

    def _float32(self, number: int) -> Tensor:
        return self.weights[number].float()

    def _store(self, number: int, updated: Tensor) -> None:
        seeds = np.random.SeedSequence([self.seed, self.steps, number])
        generator = torch.Generator(updated.device).manual_seed(int(seeds.generate_state(1)[0]))
        self.weights[number].copy_(stochastically_rounded(updated, generator))

    def state_dict(self) -> dict[str, Any]:
        """Return the state of each weight, and the number of steps."""
        return super().state_dict() | {"steps": self.steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state that `state_dict` returned."""
        super().load_state_dict(state_dict)
        self.steps = state_dict["steps"]


def stochastically_rounded(values: Tensor, generator: torch.Generator) -> Tensor:
    """Return float32 values as bf16: up or down, with a mean that equals the value.

    Args:
        values: [*shape], float32; infinities and NaN stay what they are.
        generator: on the same device.
    """
    noise = torch.randint(
        1 << DROPPED_BITS,
        values.shape,
        generator=generator,
        device=values.device,
        dtype=torch.int32,
    )
    bits = noise.add_(values.view(torch.int32)).bitwise_and_(-(1 << DROPPED_BITS))
    return torch.where(values.isfinite(), bits.view(torch.float32), values).bfloat16()
