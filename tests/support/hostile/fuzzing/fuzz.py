"""Fuzzing: damaged files are read in a process of its own, which is started again if it dies.

    python -m support.hostile.fuzzing.fuzz TARGET FOLDER SEED FIRST ──> a line per input: its end

The process says a number before it reads, so that a crash and a hang have one too. The file of an
input that is no StillroomError is kept in FOLDER.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from select import select

from support.hostile.fuzzing.fuzz_targets import TARGETS
from support.hostile.projects import ROOT

MOST_SECONDS = 20  # of one input
START_SECONDS = 120  # of the process, which imports torch
MOST_DATA = 4 * 2**30


@dataclass
class Fuzzed:
    """How the inputs ended: `read`, `refused`; `faults` holds the number and the end of others."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def fuzz(target: str, folder: Path, seconds: float, seed: int) -> Fuzzed:
    """Read damaged files for some seconds."""
    fuzzed, first, until = Fuzzed(), 0, time.monotonic() + seconds
    while time.monotonic() < until and len(fuzzed.faults) < 10:
        first = _run_once(target, folder, seed, first, until, fuzzed)
    return fuzzed


def _run_once(
    target: str, folder: Path, seed: int, first: int, until: float, fuzzed: Fuzzed
) -> int:
    """Run one process until it ends or time is up; return the number that comes next."""
    words = [
        sys.executable,
        "-m",
        "support.hostile.fuzzing.fuzz",
        target,
        str(folder),
        str(seed),
        str(first),
    ]
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ) | {"PYTHONPATH": search, "OMP_NUM_THREADS": "1"},
    )
    number, is_reading = first, False
    for line in _lines(process, until):
        word, _, rest = line.partition(" ")
        if word == "reads":
            number, is_reading = int(rest), True
            continue
        is_reading = False
        fuzzed.counts[word] += 1
        if word == "fault":
            fuzzed.faults.append(f"input {number}: {rest}")
    process.kill()
    process.wait()
    if is_reading and time.monotonic() < until:
        fuzzed.faults.append(f"input {number}: no end in {MOST_SECONDS} s, or a crash")
    return number + 1


def _lines(process: "subprocess.Popen[bytes]", until: float) -> Iterator[str]:
    """Yield the lines of a process until it ends, hangs, or time is up."""
    stream = process.stdout
    if stream is None:
        return
    wait = float(START_SECONDS)
    while time.monotonic() < until:
        ready, _, _ = select([stream], [], [], min(wait, max(0.0, until - time.monotonic())))
        line = stream.readline() if ready else b""
        if not line:
            return
        yield line.decode().rstrip("\n")
        wait = MOST_SECONDS


def main(name: str, folder: Path, seed: int, first: int) -> None:
    """Read one damaged file after another, without end."""
    from stillroom.errors import StillroomError

    # The lines go to a copy of the output, since libraries may print too.
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    target = TARGETS[name]
    sound = folder / f"sound-{os.getpid()}"
    sound.mkdir(parents=True)
    damaged = target.write(sound)
    content, place = damaged.read_bytes(), damaged.relative_to(sound)
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA, MOST_DATA))
    for number in count(first):
        (sound / place).write_bytes(target.mutate(content, Random(f"{seed} {number}")))
        print("reads", number, file=lines)
        signal.alarm(MOST_SECONDS)
        try:
            target.read(sound)
            print("read", file=lines)
        except StillroomError:
            print("refused", file=lines)
        except BaseException as error:
            print("fault", type(error).__name__, ascii(error)[:200], file=lines)
            shutil.copy(sound / place, folder / f"{name}-{seed}-{number}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
