"""Energy: what is run in, the joules that the processors took for it out.

    Meter ──start──what is run──stop──> Energy
    forward, inputs ──again and again, one at a time──> Energy of one example

codecarbon reads the counters where the hardware has them and this user may: RAPL's of the
processor, NVML's of the GPU. Without RAPL it takes the time that this process and those that it
started spent on the processor, times the power that the maker states, or 4 W a thread where it does
not know the model: an estimate, good for ratios on one machine. A virtual machine has no counter,
and may be given the power of all of its host's cores; who knows better sets
CODECARBON_FORCE_CPU_POWER, in watts. RAPL counts the whole processor, its other users included.

What codecarbon says of memory is left out: 5 W a module, at least 10, whoever uses it.
"""

import logging
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from stillroom.errors import StillroomError
from stillroom.evaluation.cost.workload import Forward, Inputs, batches, require_inputs

if TYPE_CHECKING:
    from codecarbon import OfflineEmissionsTracker

JOULES_OF_A_KWH = 3.6e6
JOULES_OF_A_WH = 3600
WARM_UP = 2
BY_COUNTER = "CPU(Intel Rapl)"  # as codecarbon calls it


class MeterError(StillroomError):
    """The energy could not be read."""


@dataclass(frozen=True, slots=True)
class Energy:
    """What the processors took.

    Attributes:
        joules: of CPU and GPU.
        is_estimate: whether the CPU's part comes from no counter.
    """

    joules: float
    is_estimate: bool

    @property
    def watt_hours(self) -> float:
        """The same in watt-hours."""
        return self.joules / JOULES_OF_A_WH


class Meter:
    """Reads what was taken between `start` and `stop`, once; the first one takes 2 s to start."""

    def __init__(self) -> None:
        """Find out what the hardware offers at `start`, not here."""
        self._tracker = _tracker()

    def start(self) -> None:
        """Begin."""
        self._tracker.start()

    def stop(self) -> Energy:
        """End, and return what was taken.

        Raises:
            MeterError: it was not started, or codecarbon failed; its own message stands above.
        """
        self._tracker.stop()
        found = getattr(self._tracker, "final_emissions_data", None)
        if found is None:
            raise MeterError("codecarbon gave no energy; its own message stands above, if any.")
        is_counted = BY_COUNTER in self._tracker._conf["hardware"]
        return Energy((found.cpu_energy + found.gpu_energy) * JOULES_OF_A_KWH, not is_counted)


def energy_of(forward: Forward, inputs: Inputs, seconds: float) -> Energy:
    """Return what one example takes, asked alone.

    Args:
        forward: runs the model on one example, [1, *shape], and waits for the answer.
        inputs: [N, *shape], taken in turn.
        seconds: how long to go on; at least one example is run. The kernel counts a process's
            time in hundredths of a second, and some counters move once a second.

    Raises:
        DataError: there is no input.
        MeterError: as `Meter.stop`.
    """
    import torch

    require_inputs(inputs)
    with torch.inference_mode():
        for example in islice(batches(inputs, 1), WARM_UP):
            forward(example)
        meter = Meter()
        meter.start()
        end, done = time.perf_counter() + seconds, 0
        for example in batches(inputs, 1):
            forward(example)
            done += 1
            if time.perf_counter() >= end:
                break
        total = meter.stop()
    return Energy(total.joules / done, total.is_estimate)


def _tracker() -> "OfflineEmissionsTracker":
    """Return codecarbon's tracker, which asks no one and writes nothing.

    What is not given here a file .codecarbon.config or the environment may say, so all that would
    leave this machine is given.
    """
    from codecarbon import OfflineEmissionsTracker

    # It speaks before it has read `log_level`.
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    return OfflineEmissionsTracker(
        tracking_mode="process",
        output_methods=[],
        output_dir=tempfile.gettempdir(),
        output_handlers=[],
        emissions_endpoint=None,
        electricitymaps_api_token="",
        # No carbon, and so no country: only what was taken is asked for.
        force_carbon_intensity_g_co2e_kwh=0.0,
        country_iso_code=None,
        cloud_provider=None,
        cloud_region=None,
        allow_multiple_runs=True,  # without a lock file
        log_level="error",
    )
