"""Footprint: how a model is loaded and one input in, what memory this process took for both out.

    load ──> resident beside what was before: loaded
    run on [1, *shape] ──> the highest beside what was before: peak

To be measured in a process that has run no other model: memory that one has freed is used again,
and the next would seem to need none. See `memory`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from stillroom.evaluation.cost.memory import Memory
from stillroom.evaluation.cost.workload import Forward, Inputs

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"  # of proc_pid_clear_refs(5)
# The second run is of a process at work; the first alone pays for what torch sets up lazily.
RUNS = 2


class Gauge(Protocol):
    """What reads memory off, in bytes."""

    def now(self) -> int:
        """Return what is in use."""
        ...

    def highest(self) -> int:
        """Return the most that was in use since `forget`."""
        ...

    def forget(self) -> None:
        """Let the most that was in use be what is in use now."""
        ...


class ResidentMemory:
    """The kernel's count of this process's pages, Linux alone: all allocators, mapped files."""

    def now(self) -> int:
        """Return VmRSS."""
        return _kilobytes("VmRSS") * 1024

    def highest(self) -> int:
        """Return VmHWM."""
        return _kilobytes("VmHWM") * 1024

    def forget(self) -> None:
        """Set VmHWM to VmRSS."""
        CLEAR_REFS.write_text(FORGET_PEAK)


class CudaMemory:
    """The count of torch's allocator, over all devices: tensors, and no context."""

    def now(self) -> int:
        """Return the bytes of tensors."""
        import torch

        return sum(map(torch.cuda.memory_allocated, range(torch.cuda.device_count())))

    def highest(self) -> int:
        """Return the most bytes of tensors; of several devices each at its own worst time."""
        import torch

        return sum(map(torch.cuda.max_memory_allocated, range(torch.cuda.device_count())))

    def forget(self) -> None:
        """Reset the allocator's own mark."""
        import torch

        for device in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(device)


def footprint(load: Callable[[], Forward], inputs: Inputs, gauge: Gauge) -> Memory:
    """Return what loading a model and running it took.

    Args:
        load: opens the model and returns what runs it.
        inputs: [1, *shape].
        gauge: of the device that the model is on.
    """
    import torch

    before = gauge.now()
    forward = load()
    loaded = gauge.now()
    gauge.forget()
    with torch.inference_mode():
        for _ in range(RUNS):
            forward(inputs)
    return Memory(loaded - before, gauge.highest() - before)


def _kilobytes(name: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise OSError(f"{STATUS} does not say {name}")
