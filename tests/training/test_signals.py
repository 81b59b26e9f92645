"""Signals: a signal or a closed pipe requests a stop; files and terminals are not watched."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from stillroom.training.signals import StoppedError, StopRequest

SOURCE = Path(__file__).resolve().parents[2] / "src"
SCRIPT = """
import sys, time
from stillroom.training.signals import StopRequest
stop = StopRequest()
stop.listen()
stop.watch_standard_input()
print("ready", flush=True)
ends = time.monotonic() + float(sys.argv[1])
while not stop.is_made and time.monotonic() < ends:
    time.sleep(0.01)
print("stopped" if stop.is_made else "went on", flush=True)
"""


def started(stdin: object, seconds: float = 30.0) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(seconds)],
        stdin=stdin,  # type: ignore[arg-type]
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    process.wait(timeout=10)
    return line


@pytest.mark.parametrize("number", [15, 2], ids=["SIGTERM", "SIGINT"])
def test_a_signal_is_taken_note_of(number: int) -> None:
    process = started(subprocess.DEVNULL)
    process.send_signal(number)
    assert end_of(process) == "stopped"


def test_the_end_of_a_pipe_means_that_the_parent_has_ended() -> None:
    process = started(subprocess.PIPE)
    time.sleep(0.1)
    assert process.poll() is None
    assert process.stdin is not None
    process.stdin.close()
    assert end_of(process) == "stopped"


def test_what_is_no_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open() as file:
        assert end_of(started(file, seconds=0.3)) == "went on"
    assert end_of(started(subprocess.DEVNULL, seconds=0.3)) == "went on"


def test_a_waiting_process_stops_on_request() -> None:
    stop = StopRequest()
    stop.check()
    stop.is_made = True
    with pytest.raises(StoppedError, match=r"before its first step\. Run the same command"):
        stop.check()
