"""A fork server: one process has imported everything; its children run the command line.

    {"project", "words", …} as a line of JSON ──fork, `kedro run …`──> {"code", "seconds"}

`kedro run` takes seconds to import and tenths of a second to run a small stage. A child runs the
same functions in a process of its own, which can be killed. The parent has one thread, so that a
fork copies no lock that is held.
"""

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HANGS_AFTER_S = 120.0
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)
ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {
    **ONE_THREAD,
    "PYTHONPATH": str(ROOT / "src"),
    "KEDRO_DISABLE_TELEMETRY": "1",
    "COLUMNS": "400",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Ran:
    """How a child ended.

    Attributes:
        code: its exit code. Negative: the signal that killed it. None: it hung and was killed.
        seconds: from the fork to its end.
        output: its standard output and error.
        fault: the call that the shim made fail, as "open /path"; empty if none failed.
        calls: the number of calls that the shim counted.
    """

    code: int | None
    seconds: float
    output: str
    fault: str = ""
    calls: int = 0


@dataclass
class Server:
    """The parent's side: starts the server, and sends it the commands to run."""

    scratch: Path
    shim: Path | None = None
    process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        preload = {} if self.shim is None else {"LD_PRELOAD": str(self.shim)}
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, **ENVIRONMENT, **preload},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, project: Path, *words: str, **options: Any) -> Ran:
        """Run `kedro <words>` in a project.

        Options: kill_after in seconds; fault, as `arm` takes it; environment; timeout.
        """
        output_file, fault_file, calls = (
            self.scratch / name for name in ("output", "fault", "fault.calls")
        )
        for old in (fault_file, calls):
            old.unlink(missing_ok=True)
        request = {
            "project": str(project),
            "words": words,
            "output_file": str(output_file),
            "fault_file": str(fault_file),
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request | options) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        fault = fault_file.read_text(errors="replace").strip() if fault_file.exists() else ""
        count = int(calls.read_text()) if calls.exists() else 0
        output = output_file.read_text(errors="replace")
        return Ran(reply["code"], reply["seconds"], output, fault, count)

    def import_what_is_used(self, project: Path, *words: str) -> Ran:
        """Run a command once, and let the server import everything that the command imported."""
        return self.run(project, *words, learn=True)

    def close(self) -> None:
        """End the server."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


def serve() -> None:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import torch

    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        modules = Path(request["output_file"] + ".modules")
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            _be_the_command(request, modules)
        code = _ended(child, request.get("kill_after"), request.get("timeout", HANGS_AFTER_S))
        seconds = time.monotonic() - started
        if request.get("learn"):
            _import(modules.read_text().split())
            _warm_up()
        replies.write(json.dumps({"code": code, "seconds": seconds}) + "\n")
        replies.flush()


def _ended(child: int, kill_after: float | None, timeout: float) -> int | None:
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)  # safe if the child has ended: it stays a zombie
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ends = time.monotonic() + timeout
    while time.monotonic() < ends:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _be_the_command(request: dict[str, Any], modules: Path) -> None:
    descriptor = os.open(request["output_file"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    code = 99
    try:
        os.environ.update(request.get("environment", {}))
        tempfile.tempdir = None  # its value is cached since before the fork
        os.chdir(request["project"])
        code = _command(request)
        if request.get("learn"):
            modules.write_text("\n".join(sys.modules))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(request: dict[str, Any]) -> int:
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(Path.cwd())
    from stillroom.cli import cli

    if "fault" in request:
        arm(request["fault_file"], **request["fault"])
    try:
        cli(request["words"])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    finally:
        if "fault" in request:
            shim = ctypes.CDLL(None)
            shim.fault_disarm()
            shim.fault_left.restype = ctypes.c_long
            calls = request["fault"]["at"] - shim.fault_left()
            Path(request["fault_file"] + ".calls").write_text(str(calls))
    return 0


def arm(fault_file: str, root: str, kinds: str, at: int, errno: int) -> None:
    """Make the `at`-th call of some kinds on a path below `root` fail; errno 0 kills instead."""
    below, letters, where = root.encode(), kinds.encode(), fault_file.encode()
    ctypes.CDLL(None).fault_arm(below, letters, ctypes.c_long(at), errno, where)


def _warm_up() -> None:
    """Fill the caches per process that would cost each child more than its stage does.

    codecarbon needs more than a second to identify the processors; transformers builds a table of
    regular expressions before it loads its first model.
    """
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    from stillroom.evaluation.cost.energy import Meter

    meter = Meter()
    meter.start()
    meter.stop()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(timeout=10)
    get_checkpoint_conversion_mapping("bert")


def _import(names: list[str]) -> None:
    for name in names:
        if name not in sys.modules and name.split(".")[0] not in ("__main__", "__mp_main__"):
            try:
                importlib.import_module(name)
            except Exception:  # other modules create some modules
                continue


if __name__ == "__main__":
    serve()
