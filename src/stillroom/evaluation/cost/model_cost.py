"""Model: a model in, all that it costs out; and what several that answer together cost.

model, forward, inputs ──> Size, FLOPs, Latency; Memory and Energy where they were measured
Cost of each member of an ensemble ──together──> Cost ──numbers──> flat, for cost.json
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stillroom.errors import DataError
from stillroom.evaluation.cost.energy import Energy
from stillroom.evaluation.cost.flops import flops_of
from stillroom.evaluation.cost.latency import Latency, latency_of
from stillroom.evaluation.cost.memory import Memory
from stillroom.evaluation.cost.parameters import Size, size_of
from stillroom.evaluation.cost.workload import Forward, Inputs
from stillroom.io.json.number_groups import NamedNumbers

if TYPE_CHECKING:
    from torch import nn


# Texts differ in length and so in FLOPs; the mean of so many is that of all to a few percent.
COUNTED = 16
MEGA = 1e6
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model, or several that answer together, takes.

    Attributes:
        size: to keep.
        flops: of one example.
        latency: by the clock.
        memory: to answer one example; None where it was not measured.
        energy: of one example; None where it was not measured.
    """

    size: Size
    flops: int
    latency: Latency
    memory: Memory | None = None
    energy: Energy | None = None

    def numbers(self) -> NamedNumbers:
        """Return the numbers by name; what was not measured has none.

        Megabytes are of 10^6 bytes; `megabytes` alone are those of the weights. Energy is of a
        thousand examples, asked one at a time.
        """
        return {
            "parameters": self.size.parameters,
            "parameters_outside_embeddings": self.size.parameters_outside_embeddings,
            "megabytes": round(self.size.weight_bytes / MEGA, 3),
            "flops": self.flops,
            "ms_p50": round(self.latency.ms_p50, DECIMALS),
            "ms_p95": round(self.latency.ms_p95, DECIMALS),
            "per_second_at_32": round(self.latency.per_second_at_32, DECIMALS),
            **_of_memory(self.memory),
            **_of_energy(self.energy),
        }


def cost_of(model: "nn.Module", forward: Forward, inputs: Inputs, calls: int) -> Cost:
    """Return what a model costs, memory and energy aside.

    Args:
        model: whose parameters are counted.
        forward: runs it on inputs [n, *shape], and waits for the answers.
        inputs: [N, *shape], what to run it on.
        calls: how many with one example are timed, at least 1.

    Raises:
        DataError: there is no input to run it on, or no call to time.
    """
    flops = flops_of(forward, inputs[:COUNTED])
    return Cost(size_of(model), flops, latency_of(forward, inputs, calls))


def ensemble_cost(costs: Sequence[Cost]) -> Cost:
    """Return the cost of models that all answer, one after the other, as an ensemble does.

    Sizes, FLOPs, times and energy add up. Of the 95th percentiles the sum is the most that it can
    be about: that all members are slow at once. In memory all members are loaded, and one at a
    time has activations: the sum of the first and the largest of the second. What was measured
    of some members alone is not known of all.

    Raises:
        DataError: there is no model.
    """
    if not costs:
        raise DataError("no model to take together; at least one is needed.")
    return Cost(
        Size(
            sum(cost.size.parameters for cost in costs),
            sum(cost.size.parameters_outside_embeddings for cost in costs),
            sum(cost.size.weight_bytes for cost in costs),
        ),
        sum(cost.flops for cost in costs),
        _latency([cost.latency for cost in costs]),
        _memory([cost.memory for cost in costs]),
        _energy([cost.energy for cost in costs]),
    )


def _latency(all_of: list[Latency]) -> Latency:
    return Latency(
        sum(one.ms_p50 for one in all_of),
        sum(one.ms_p95 for one in all_of),
        1 / sum(1 / one.per_second_at_32 for one in all_of),
    )


def _memory(all_of: list[Memory | None]) -> Memory | None:
    known = [one for one in all_of if one is not None]
    if len(known) < len(all_of):
        return None
    loaded = sum(one.loaded_bytes for one in known)
    return Memory(loaded, loaded + max(one.activation_bytes for one in known))


def _energy(all_of: list[Energy | None]) -> Energy | None:
    known = [one for one in all_of if one is not None]
    if len(known) < len(all_of):
        return None
    return Energy(sum(one.joules for one in known), any(one.is_estimate for one in known))


def _of_memory(memory: Memory | None) -> NamedNumbers:
    if memory is None:
        return {}
    return {
        "loaded_megabytes": round(memory.loaded_bytes / MEGA, 3),
        "peak_megabytes": round(memory.peak_bytes / MEGA, 3),
    }


def _of_energy(energy: Energy | None) -> NamedNumbers:
    if energy is None:
        return {}
    return {
        "watt_hours_per_thousand": round(1000 * energy.watt_hours, 6),
        "energy_is_estimate": int(energy.is_estimate),
    }
