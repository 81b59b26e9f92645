"""Bounded worker: a function over foreign bytes runs in a process with bounds on memory and time.

    function, arguments ──JSON──> fresh process ──JSON──> its result, or one line that says why not

A parser of foreign bytes may ask for terabytes, loop for hours, panic or crash. Here that ends the
process of the parser, and its caller gets a `DataError`. The process inherits no secrets: of the
environment it gets only what Python needs. Starting it takes about 0.1 s and the imports of the
function, so it is meant for a header or a file, not for each row.

The bound on memory is a bound of the kernel on the private memory that a process may write to
(RLIMIT_DATA), beyond what its imports took. Other systems than Linux may not enforce it; there the
bound on time remains.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stillroom.errors import DataError, StillroomError
from stillroom.io.byte_sizes import size_text

INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
# A thread takes memory for its stack and its allocator, on 64 cores more than all bounds.
THREADS = dict.fromkeys(
    ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"), "1"
)
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}
RESULT = "result.json"
LONGEST_REASON = 200
# What libraries in C++ and Rust print before they end the process for lack of memory.
OUT_OF_MEMORY = ("memory allocation of", "bad_alloc", "Cannot allocate memory", "malloc of size")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a function may take.

    Attributes:
        memory: bytes, beyond what its imports took.
        seconds: of the clock, with the start of the process.
        result: bytes of the largest file that it may write, its JSON result too.
    """

    memory: int = 2 * 2**30
    seconds: float = 60.0
    result: int = 64 * 2**20


def run_bounded(
    function: Callable[..., Any],
    *arguments: Any,
    subject: object,
    remedy: str = "Replace it.",
    bounds: Bounds | None = None,
) -> Any:
    """Return the result of a function that runs in a process of its own.

    Args:
        function: a function at the top level of a module; its result can be written as JSON.
        arguments: values that can be written as JSON; a path is given as text.
        subject: what is read, for the error: usually the path of a file.
        remedy: the way out, for the error, as a sentence.
        bounds: what the function may take; None for the usual bounds.

    Raises:
        StillroomError: the function raised it; the message is unchanged.
        DataError: the function went beyond its bounds, raised another error, or crashed.
    """
    some = Bounds() if bounds is None else bounds
    with TemporaryDirectory(prefix="stillroom-") as folder:
        request = {
            "module": function.__module__,
            "function": function.__qualname__,
            "arguments": arguments,
            "memory": some.memory,
            "seconds": some.seconds,
            "result": some.result,
        }
        try:
            document = json.dumps(request).encode()
        except RecursionError:
            raise DataError(f"{subject} cannot be read: it is nested too deep. {remedy}") from None
        reason = _run(document, Path(folder), some)
        if reason is not None:
            raise DataError(f"{subject} cannot be read: its reader {reason}. {remedy}")
        answer = json.loads((Path(folder) / RESULT).read_text(encoding="utf-8"))
    if "refusal" in answer:
        raise _refusal(*answer["refusal"])
    if "error" in answer:
        raise DataError(f"{subject} cannot be read ({answer['error']}). {remedy}")
    return answer["result"]


def _run(request: bytes, folder: Path, bounds: Bounds) -> str | None:
    """Run a request; return None if it left a result, else why it did not."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment |= {**THREADS, **OFFLINE, "PYTHONPATH": path}
    # -P: the folder of the command is not searched for modules.
    command = [sys.executable, "-P", "-m", "stillroom.io.bounded_worker", str(folder)]
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            process.communicate(request, timeout=bounds.seconds)
        except subprocess.TimeoutExpired:
            return f"took longer than {bounds.seconds:g} s"
        finally:
            _end(process)
    if process.returncode == 0:
        return None if (folder / RESULT).is_file() else "left no result"
    return _end_reason(process.returncode, _tail(folder / "stderr"), bounds)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    with suppress(ProcessLookupError, PermissionError):  # it has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end_reason(code: int, said: str, bounds: Bounds) -> str:
    if any(words in said for words in OUT_OF_MEMORY):
        return _memory_reason(bounds.memory)
    if code == -signal.SIGXCPU:
        return f"took longer than {bounds.seconds:g} s"
    if code == -signal.SIGXFSZ:
        return f"wrote more than {size_text(bounds.result)}"
    end = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"{end} ({_one_line(said)})" if said else end


def _memory_reason(memory: int) -> str:
    return f"needed more than {size_text(memory)} of memory"


def _tail(file: Path) -> str:
    """Return the end of a file as text."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 4 * LONGEST_REASON))
        return stream.read().decode("utf-8", "replace").strip()


def _one_line(text: str) -> str:
    """Return a text as one line without control characters, cut to a length."""
    line = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(line.split())[:LONGEST_REASON]


def _refusal(name: str, message: str) -> StillroomError:
    """Return an error of the project by the name of its class."""
    kinds = {kind.__name__: kind for kind in StillroomError.__subclasses__()}
    return kinds.get(name, DataError)(message)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return what a function returned or raised. A panic in Rust derives from BaseException."""
    try:
        function = getattr(import_module(request["module"]), request["function"])
        _set_bounds(request["memory"], request["seconds"], request["result"])
        return {"result": function(*request["arguments"])}
    except StillroomError as error:
        return {"refusal": [type(error).__name__, str(error)]}
    except MemoryError:
        return {"error": _memory_reason(request["memory"])}
    except BaseException as error:
        return {"error": _one_line(f"{type(error).__name__}: {error}")}


def _set_bounds(memory: int, seconds: float, result: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    resource.setrlimit(resource.RLIMIT_FSIZE, (result, result))
    # The caller waits by the clock. This bound holds when the caller was killed.
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    status = Path("/proc/self/status")
    if status.is_file():
        taken = next(line for line in status.read_text().splitlines() if "VmData" in line)
        most = memory + 1024 * int(taken.split()[1])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _main(folder: str) -> None:
    answer = _answer(json.loads(sys.stdin.buffer.read()))
    (Path(folder) / RESULT).write_text(json.dumps(answer), encoding="utf-8")
    # Threads of a library in C++ that still run when Python ends may abort the process.
    os._exit(0)


if __name__ == "__main__":
    _main(sys.argv[1])
