"""Run lock: a second run is refused by name; a kill frees the lock; DVC keeps it between stages."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stillroom.errors import ConfigError
from stillroom.io.runs import run_lock as module
from stillroom.io.runs.run_lock import LOCK, ProjectInUseError, RunLock, run_lock

SOURCE = Path(__file__).resolve().parents[3] / "src"
HOLD = """
import sys, time
from pathlib import Path
from stillroom.io.runs.run_lock import RunLock
lock = RunLock()
lock.take(Path(sys.argv[1]), "kedro run --pipelines=train")
print("held", flush=True)
if sys.argv[2:]:
    lock.release()
    print("released", flush=True)
time.sleep(60)
"""


def holder(project: Path, *words: str, **environment: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(project), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_with_the_command_and_the_process_of_the_first(
    tmp_path: Path,
) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(ProjectInUseError) as refused, run_lock(tmp_path, "kedro compose"):
            pass
    finally:
        process.kill()
        process.communicate()
    words = str(refused.value)
    assert "`kedro run --pipelines=train`" in words
    assert f"process {process.pid} on " in words
    assert "since 20" in words
    assert "\n" not in words


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_kernel_frees_the_lock_of_a_process_that_ends(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = holder(tmp_path)
    process.send_signal(number)
    process.communicate()
    with run_lock(tmp_path, "kedro run"):
        pass


def test_a_file_that_says_nothing_refuses_no_one_and_is_replaced(tmp_path: Path) -> None:
    lock = tmp_path / LOCK
    lock.parent.mkdir()
    for content in (b"", b"{", b'{"pid": "x"}', b"\xff" * 20_000):
        lock.write_bytes(content)
        with run_lock(tmp_path, "kedro run"):
            assert b'"command":"kedro run"' in lock.read_bytes()


def test_a_run_that_fails_or_is_interrupted_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_lock(tmp_path, "kedro run"):
        _ = 1 / 0
    lock = RunLock()
    lock.take(tmp_path, "kedro run")  # a notebook interrupts it: no hook is called
    lock.take(tmp_path, "kedro run")
    lock.release()
    lock.release()
    with run_lock(tmp_path, "kedro run"):
        pass


def test_a_fork_that_outlives_a_run_does_not_keep_its_lock(tmp_path: Path) -> None:
    lock = RunLock()
    lock.take(tmp_path, "kedro run")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    lock.release()
    try:
        with run_lock(tmp_path, "kedro run"):
            pass
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def test_between_two_stages_of_dvc_only_its_own_stages_may_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as dvc:
        started = module.dvc_process
        monkeypatch.setattr(module, "dvc_process", lambda: (dvc.pid, _started(dvc.pid)))
        with run_lock(tmp_path, "kedro run --pipelines=ingest"):
            pass
        monkeypatch.setattr(module, "dvc_process", started)
        with (
            pytest.raises(ProjectInUseError, match=f"DVC, .*ingest`, process {dvc.pid} "),
            run_lock(tmp_path, "kedro run"),
        ):
            pass
        parents = module.parent_ids()
        monkeypatch.setattr(module, "parent_ids", lambda: parents | {dvc.pid})
        with run_lock(tmp_path, "kedro run --pipelines=train"):  # the next stage
            pass
        monkeypatch.setattr(module, "parent_ids", lambda: parents)
        monkeypatch.setattr(module, "dvc_process", lambda: (dvc.pid, _started(dvc.pid)))
        dvc.kill()
    monkeypatch.setattr(module, "dvc_process", started)
    with run_lock(tmp_path, "kedro run"):
        pass


def test_a_process_that_got_the_id_of_dvc_later_refuses_no_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        monkeypatch.setattr(module, "dvc_process", lambda: (other.pid, _started(other.pid) - 60))
        with run_lock(tmp_path, "kedro run"):
            pass
        with run_lock(tmp_path, "kedro run"):
            pass
        other.kill()


def test_of_many_at_once_exactly_one_gets_the_lock(tmp_path: Path) -> None:
    gate, results = threading.Barrier(8), []

    def run() -> None:
        lock = RunLock()
        gate.wait()
        try:
            lock.take(tmp_path, "kedro run")
        except ProjectInUseError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 7


def test_a_link_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".stillroom").symlink_to(tmp_path / "outside")
    with (
        pytest.raises(ConfigError, match="outside of the project"),
        run_lock(tmp_path / "project", "kedro run"),
    ):
        pass


def _started(pid: int) -> float:
    import psutil

    return float(psutil.Process(pid).create_time())
