"""Locks have one holder at a time among real processes, and none outlives its holder."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stillroom.errors import StillroomError
from stillroom.io.files import locking
from stillroom.io.files.locking import locked

HOLD = """
import sys, time
from pathlib import Path
from stillroom.io.files.locking import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
# Each process notes its entry, waits, and notes its exit.
ENTER = """
import os, sys, time
from pathlib import Path
from stillroom.io.files.locking import locked
for _ in range(5):
    with locked(Path(sys.argv[1])), open(sys.argv[2], "a") as log:
        log.write(f"{os.getpid()} "); log.flush()
        time.sleep(0.005)
        log.write(f"{os.getpid()}\\n")
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_lock_creates_its_folder_and_can_be_taken_repeatedly(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "lock"
    for _ in range(3):
        with locked(path, patience_s=0):
            assert path.exists()


def test_processes_hold_the_lock_one_at_a_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENTER, str(tmp_path / "lock"), str(tmp_path / "log")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    lines = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert len(lines) == 15
    assert all(first == second for first, second in lines)
    assert len({first for first, _ in lines}) == 3


def test_threads_hold_the_lock_one_at_a_time(tmp_path: Path) -> None:
    inside, most = [], []

    def enter() -> None:
        for _ in range(5):
            with locked(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 15
    assert max(most) == 1


def test_a_wait_that_is_too_long_names_the_path_and_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path):
        began = time.monotonic()
        with (
            pytest.raises(
                StillroomError, match=r"lock for 0\.2 s\. Wait until that process ends, or end it"
            ),
            locked(path, patience_s=0.2),
        ):
            pytest.fail("two hold it")
        assert 0.2 <= time.monotonic() - began < 5


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_holder_releases_the_lock(tmp_path: Path, end: signal.Signals) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        process.send_signal(end)
        with locked(path, patience_s=5):
            assert process.wait() == -end


def test_a_waiting_process_gets_the_lock_after_its_release(tmp_path: Path) -> None:
    path, got = tmp_path / "lock", threading.Event()

    def wait() -> None:
        with locked(path):
            got.set()

    thread = threading.Thread(target=wait)
    with locked(path):
        thread.start()
        assert not got.wait(0.1)
    assert got.wait(2)
    thread.join()


def test_waiting_is_logged_once_and_can_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locking, "SILENT_S", 0.05)
    ends = time.monotonic() + 0.3

    def waiting() -> None:
        if time.monotonic() > ends:
            raise ZeroDivisionError

    path = tmp_path / "lock"
    with holder(path), pytest.raises(ZeroDivisionError), locked(path, waiting=waiting):
        pytest.fail("two hold it")
    assert [one.message for one in caplog.records] == [
        f"waiting for another process, which holds the lock {path}"
    ]


def test_an_error_in_the_block_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
        raise ZeroDivisionError
    with locked(tmp_path / "lock", patience_s=0):
        pass


def test_the_lock_is_released_although_a_forked_child_lives_on(tmp_path: Path) -> None:
    read, write = os.pipe()
    with locked(tmp_path / "lock"):
        child = os.fork()
        if not child:  # like a data loader's worker: it has the descriptor and waits
            os.close(write)
            os.read(read, 1)
            os._exit(0)
    os.close(read)
    try:
        with locked(tmp_path / "lock", patience_s=0):
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        os.close(write)
        os.waitpid(child, 0)


def test_a_folder_that_cannot_be_created_is_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"), locked(tmp_path / "file" / "lock"):
        pytest.fail("held")
