"""Model cost: measures one model, and adds up the costs of an ensemble's members.

size, forward, inputs ──> Size, FLOPs, Latency; Memory and Energy if they were measured
Cost of each member of an ensemble ──ensemble_cost──> Cost ──numbers──> flat, for cost.json
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.evaluation.cost.energy import Energy
from stillroom.evaluation.cost.latency import Latency, latency_of
from stillroom.evaluation.cost.memory_process import Memory
from stillroom.evaluation.cost.parameter_counts import Size
from stillroom.evaluation.cost.workload import Forward, Inputs
from stillroom.io.json.number_groups import NamedNumbers

# Texts differ in length and so in FLOPs. The mean of this many examples is within a few percent of
# the mean of all.
COUNTED = 16
MEGA = 1e6
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one model, or of several that answer together.

    Attributes:
        size: the number of parameters, and the bytes of the weights.
        flops: the FLOPs of one example; None if nothing counts them.
        latency: the time that was measured by the clock.
        memory: the memory for one example; None if it was not measured.
        energy: the energy of one example; None if it was not measured.
    """

    size: Size
    flops: int | None
    latency: Latency
    memory: Memory | None = None
    energy: Energy | None = None

    def numbers(self) -> NamedNumbers:
        """Return the numbers by name, without those that were not measured.

        A megabyte is 10^6 bytes; `megabytes` is the size of the weights. The energy is that of a
        thousand examples, run one at a time.
        """
        return {
            "parameters": self.size.parameters,
            "parameters_outside_embeddings": self.size.parameters_outside_embeddings,
            "megabytes": round(self.size.weight_bytes / MEGA, 3),
            **({} if self.flops is None else {"flops": self.flops}),
            "ms_p50": round(self.latency.ms_p50, DECIMALS),
            "ms_p95": round(self.latency.ms_p95, DECIMALS),
            "per_second_at_32": round(self.latency.per_second_at_32, DECIMALS),
            **_of_memory(self.memory),
            **_of_energy(self.energy),
        }


def cost_of(
    size: Size, flops: Callable[[Inputs], int] | None, forward: Forward, inputs: Inputs, calls: int
) -> Cost:
    """Return the cost of a model without memory and energy.

    Args:
        size: the size of the model.
        flops: returns the FLOPs of one example, as the mean over inputs; None if nothing counts
            them.
        forward: runs the model on inputs [n, *shape], and waits for the answers.
        inputs: [N, *shape], the examples to run the model on.
        calls: how many calls with one example are timed, at least 1.

    Raises:
        DataError: there is no input, or `calls` is below 1.
    """
    counted = None if flops is None else flops(inputs[:COUNTED])
    return Cost(size, counted, latency_of(forward, inputs, calls))


def ensemble_cost(costs: Sequence[Cost]) -> Cost:
    """Return the cost of an ensemble, whose members all answer, one after the other.

    Sizes, FLOPs, times and energy add up. The sum of the 95th percentiles is about an upper bound:
    the case that all members are slow at once. All members are loaded at the same time, but only
    one has activations at a time, so the peak is the sum of the loaded bytes plus the largest
    activations. FLOPs, memory and energy are
    None unless they were measured for every member.

    Raises:
        DataError: `costs` is empty.
    """
    if not costs:
        raise DataError("there is no model whose cost could be added; at least one is needed.")
    return Cost(
        Size(
            sum(cost.size.parameters for cost in costs),
            sum(cost.size.parameters_outside_embeddings for cost in costs),
            sum(cost.size.weight_bytes for cost in costs),
        ),
        _flops([cost.flops for cost in costs]),
        _latency([cost.latency for cost in costs]),
        _memory([cost.memory for cost in costs]),
        _energy([cost.energy for cost in costs]),
    )


def _flops(all_of: list[int | None]) -> int | None:
    counted = [one for one in all_of if one is not None]
    return sum(counted) if len(counted) == len(all_of) else None


def _latency(all_of: list[Latency]) -> Latency:
    return Latency(
        sum(one.ms_p50 for one in all_of),
        sum(one.ms_p95 for one in all_of),
        1 / sum(1 / one.per_second_at_32 for one in all_of),
    )


def _memory(all_of: list[Memory | None]) -> Memory | None:
    measured = [one for one in all_of if one is not None]
    if len(measured) < len(all_of):
        return None
    loaded = sum(one.loaded_bytes for one in measured)
    return Memory(loaded, loaded + max(one.activation_bytes for one in measured))


def _energy(all_of: list[Energy | None]) -> Energy | None:
    measured = [one for one in all_of if one is not None]
    if len(measured) < len(all_of):
        return None
    return Energy(sum(one.joules for one in measured), any(one.is_estimate for one in measured))


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
