"""A signal ends a command as a signal does, after one line and after its child has saved."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "src"
ALONE = """
import sys, time
from stillroom.io.runs.interruption import say_how_to_go_on
say_how_to_go_on()
print("ready", flush=True)
time.sleep(60)
"""
# Under nohup these tests would inherit that SIGHUP is ignored.
HEARD = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n" + ALONE
# The child needs a moment to save, and ends only when it is asked to.
CHILD = """
import pathlib, signal, sys, time
def save(*_):
    time.sleep(0.3)
    pathlib.Path(sys.argv[1]).write_text("saved")
    sys.exit(3)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys
from stillroom.io.runs.interruption import say_how_to_go_on, stopped_on_signal
say_how_to_go_on()
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]])
with child, stopped_on_signal(child.pid):
    child.wait()
"""


def started(*words: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_says_how_to_go_on_and_ends_the_process_as_a_signal_does(
    number: signal.Signals,
) -> None:
    process = started(HEARD)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -number
    assert errors == (
        f"Stopped by {number.name}. Finished work is kept: run the same command again to go on.\n"
    )


def test_a_child_saves_before_the_process_ends(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    process = started(PARENT, CHILD, str(saved))
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    assert process.returncode == -signal.SIGTERM
    assert saved.read_text() == "saved"
    process.communicate()


def test_an_ignored_signal_stays_ignored() -> None:
    process = started(f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN){ALONE}")
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == -signal.SIGTERM
    process.communicate()
