"""Energy: of real seconds of a real processor, by a meter that uses no network."""

import subprocess
import sys
import time

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.cost.energy import BY_COUNTER, Energy, Meter, MeterError, energy_of

ONE = np.zeros((1, 2), np.float32)

# A meter may only read. These events are connections, written files and started programs.
WATCHED = """
import os, sys, time
seen = []
def watch(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        seen.append((event, given[1:]))
    if event == "subprocess.Popen" and "sudo" in str(given[1]):
        seen.append((event, given[1]))
sys.addaudithook(watch)
from stillroom.evaluation.cost.energy import Meter
meter = Meter()
meter.start()
time.sleep(0.2)
meter.stop()
assert not seen, seen
assert not os.listdir(), os.listdir()
"""


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def measured(work: float, rest: float) -> Energy:
    meter = Meter()
    meter.start()
    spin(work)
    time.sleep(rest)
    return meter.stop()


def test_units() -> None:
    assert Energy(joules=7200.0, is_estimate=True).watt_hours == 2.0


def test_work_takes_energy_and_waiting_hardly_any_where_it_is_an_estimate() -> None:
    busy, idle = measured(work=0.5, rest=0.0), measured(work=0.0, rest=0.5)
    assert busy.joules > 0
    assert busy.is_estimate == idle.is_estimate
    if busy.is_estimate:
        assert idle.joules < busy.joules / 4


def test_an_estimate_is_the_stated_power_times_the_share_of_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psutil

    monkeypatch.setenv("CODECARBON_FORCE_CPU_POWER", "100")
    energy = measured(work=1.0, rest=0.0)
    # One second of one thread; 100 W are shared by all threads of the processor.
    assert energy.is_estimate
    assert energy.joules == pytest.approx(100 / psutil.cpu_count(), rel=0.3)


def test_a_counter_is_no_estimate() -> None:
    from codecarbon.external.hardware import CPU

    named = CPU.__new__(CPU)
    named._mode = "intel_rapl"
    assert repr(named) == BY_COUNTER


def test_of_one_example_whose_time_is_known() -> None:
    calls = []

    def forward(batch: np.ndarray) -> None:
        calls.append(batch.shape)
        spin(0.05)

    energy = energy_of(forward, ONE, seconds=0.5)
    assert set(calls) == {(1, 2)}
    assert energy.joules > 0
    # A twentieth of a second of one thread: no processor needs 100 W for it.
    assert energy.joules < 5


def test_nothing_leaves_the_machine_and_nothing_is_written(tmp_path: object) -> None:
    environment = {
        "CODECARBON_EMISSIONS_ENDPOINT": "http://127.0.0.1:9",
        "CODECARBON_OUTPUT_METHODS": "csv,api",
        "CODECARBON_ELECTRICITYMAPS_API_TOKEN": "token",
        "PYTHONPATH": ":".join(sys.path),
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-c", WATCHED]
    done = subprocess.run(
        command, cwd=str(tmp_path), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_meter_that_was_not_started_says_so() -> None:
    with pytest.raises(MeterError, match="gave no energy"):
        Meter().stop()


def test_no_input_is_refused() -> None:
    with pytest.raises(DataError, match="at least one is needed"):
        energy_of(lambda batch: batch, ONE[:0], seconds=0.5)
