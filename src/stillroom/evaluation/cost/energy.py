"""Energy: measures the joules that the processors use for a piece of work.

    Meter ──start──the work──stop──> Energy
    forward, inputs ──repeatedly, one at a time──> Energy of one example

codecarbon reads the counters of the hardware if there are any and this user may read them: RAPL for
the processor, NVML for the GPU. Without RAPL, codecarbon multiplies the processor time of this
process and its children by the power that the manufacturer states, or by 4 W per thread if it does
not know the processor. That is an estimate, which is good for ratios on one machine. A virtual
machine has no counter, and codecarbon may assume the power of all cores of its host. Set
CODECARBON_FORCE_CPU_POWER, in watts, to correct it. RAPL counts the whole processor, including its
other users.

The energy of memory is left out, because codecarbon's number does not depend on who uses the
memory: 5 W per module, at least 10 W.
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
    """The energy that the processors used.

    Attributes:
        joules: the energy of CPU and GPU together.
        is_estimate: whether the CPU's part is an estimate and not read from a counter.
    """

    joules: float
    is_estimate: bool

    @property
    def watt_hours(self) -> float:
        """The energy in watt-hours."""
        return self.joules / JOULES_OF_A_WH


class Meter:
    """Measures the energy used between `start` and `stop`, once.

    The first meter of a process takes 2 s to start.
    """

    def __init__(self) -> None:
        """Create the tracker; it looks for the counters of the hardware at `start`."""
        self._tracker = _tracker()

    def start(self) -> None:
        """Start measuring."""
        self._tracker.start()

    def stop(self) -> Energy:
        """Stop measuring, and return the energy that was used.

        Raises:
            MeterError: the meter was not started, or codecarbon failed and wrote its own message.
        """
        self._tracker.stop()
        emissions = getattr(self._tracker, "final_emissions_data", None)
        if emissions is None:
            raise MeterError(
                "codecarbon gave no energy. If it wrote a message, it is above this one."
            )
        is_counted = BY_COUNTER in self._tracker._conf["hardware"]
        return Energy(
            (emissions.cpu_energy + emissions.gpu_energy) * JOULES_OF_A_KWH, not is_counted
        )


def energy_of(forward: Forward, inputs: Inputs, seconds: float) -> Energy:
    """Return the energy of one example that is run by itself.

    Args:
        forward: runs the model on one example, [1, *shape], and waits for the answer.
        inputs: [N, *shape]; the examples are run in order, then from the first again.
        seconds: how long to measure; at least one example is run. The kernel counts a process's
            time in hundredths of a second, and some counters change once a second.

    Raises:
        DataError: there is no input.
        MeterError: see `Meter.stop`.
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
    """Return codecarbon's tracker, set up to send no request and to write no file.

    A file .codecarbon.config or the environment can set every option that is not given here. So
    each option that could send data from this machine is given here.
    """
    from codecarbon import OfflineEmissionsTracker

    # codecarbon logs before it has read `log_level`.
    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    return OfflineEmissionsTracker(
        tracking_mode="process",
        output_methods=[],
        output_dir=tempfile.gettempdir(),
        output_handlers=[],
        emissions_endpoint=None,
        electricitymaps_api_token="",
        # Only the energy is needed, not the carbon, so no country is needed either.
        force_carbon_intensity_g_co2e_kwh=0.0,
        country_iso_code=None,
        cloud_provider=None,
        cloud_region=None,
        allow_multiple_runs=True,  # without a lock file
        log_level="error",
    )
