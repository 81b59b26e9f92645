"""Footprint: measures the memory that this process takes to load a model and to run it once.

    load ──> memory in use minus memory before: loaded
    run on [1, *shape] ──> peak minus memory before: peak

Measure in a process that has run no other model. A process uses freed memory again, so a second
model would seem to need none. See `memory_process`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from stillroom.evaluation.cost.memory_process import Memory
from stillroom.evaluation.cost.workload import Forward, Inputs

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"  # of proc_pid_clear_refs(5)
# The first run includes what torch sets up lazily; the second shows the process in normal use.
RUNS = 2


class Gauge(Protocol):
    """Reads the memory in use, in bytes."""

    def now(self) -> int:
        """Return the memory that is in use now."""
        ...

    def highest(self) -> int:
        """Return the peak since `forget`."""
        ...

    def forget(self) -> None:
        """Reset the peak to the memory that is in use now."""
        ...


class ResidentMemory:
    """The kernel's count of this process's pages of all allocators and mapped files. Linux only."""

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
    """The count of torch's allocator over all devices: tensors, without the context."""

    def now(self) -> int:
        """Return the bytes of all tensors."""
        import torch

        return sum(map(torch.cuda.memory_allocated, range(torch.cuda.device_count())))

    def highest(self) -> int:
        """Return the peak in bytes of tensors: the sum of the peaks of the devices."""
        import torch

        return sum(map(torch.cuda.max_memory_allocated, range(torch.cuda.device_count())))

    def forget(self) -> None:
        """Reset the allocator's peak."""
        import torch

        for device in range(torch.cuda.device_count()):
            torch.cuda.reset_peak_memory_stats(device)


def footprint(load: Callable[[], Forward], inputs: Inputs, gauge: Gauge) -> Memory:
    """Return the memory that it takes to load a model and to run it.

    Args:
        load: opens the model and returns its forward function.
        inputs: [1, *shape].
        gauge: reads the memory of the device that holds the model.
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
    raise OSError(f"{STATUS} has no line {name}")
