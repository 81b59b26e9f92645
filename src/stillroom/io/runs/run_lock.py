"""Run lock: one run at a time writes into a project's folder; another is refused at once.

    run ──flock──> .stillroom/run.lock, which names the run; the kernel frees it when the run ends
    stage of `dvc repro` ──> the file names DVC too; while DVC lives, only its own stages may run

Two runs that mix would each read what the other wrote. Between two stages of `dvc repro` no process
of Stillroom runs, so the lock alone would let another run in.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from stillroom.errors import StillroomError
from stillroom.io.dvc_root import dvc_process, is_alive, parent_ids
from stillroom.io.files.confined_paths import confined, project_root
from stillroom.io.json.validated_json import CLOSED

LOCK = Path(".stillroom") / "run.lock"
MOST_BYTES = 10_000  # of the file that are read


class ProjectInUseError(StillroomError):
    """Another run writes into the project."""


@checked(frozen=True, kw_only=True, config=CLOSED)
class Holder:
    """Who holds the lock, or held it last.

    Attributes:
        command: the command of the run.
        pid: its process.
        since: when it began, as the clock on the wall shows it.
        host: the machine.
        dvc: the process of DVC that runs the command as a stage, and when that process was started
            in seconds since 1970; None without DVC.
    """

    command: str
    pid: int
    since: str
    host: str
    dvc: tuple[int, float] | None = None


class RunLock:
    """Takes the lock before a run, and releases it after; also Kedro's hook."""

    def __init__(self) -> None:
        """Start without the lock."""
        self.descriptor: int | None = None

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Take the lock.

        Raises:
            ProjectInUseError: another run holds it, or a `dvc repro` is between two stages.
        """
        names = run_params.get("pipeline_names") or ["distill"]
        self.take(project_root(), f"kedro run --pipelines={','.join(names)}")

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Release the lock."""
        self.release()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Release the lock."""
        self.release()

    def take(self, root: Path, command: str) -> None:
        """Take the lock of a project.

        Raises:
            ProjectInUseError: as `before_pipeline_run`.
            ConfigError: `.stillroom` is a link that leads outside of the project.
        """
        self.release()  # an earlier run of this process was interrupted
        path = confined(LOCK, root)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(descriptor)
            _write(descriptor, _this_run(command))
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, OSError):
                error.filename = str(path)  # these calls only know a number
            raise
        self.descriptor = descriptor

    def release(self) -> None:
        """Release the lock, if this process holds it."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # for a forked child that has the file open
            os.close(descriptor)


@contextmanager
def run_lock(root: Path, command: str) -> Iterator[None]:
    """Hold the lock of a project while the block runs.

    Raises:
        ProjectInUseError, ConfigError: as `RunLock.take`.
    """
    lock = RunLock()
    lock.take(root, command)
    try:
        yield
    finally:
        lock.release()


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _refusal(_read(descriptor)) from None
    holder = _read(descriptor)
    if holder is None or holder.dvc is None or holder.host != socket.gethostname():
        return
    if is_alive(*holder.dvc) and holder.dvc[0] not in parent_ids():
        raise _refusal(holder)


def _this_run(command: str) -> Holder:
    since = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
    host = socket.gethostname()
    return Holder(command=command, pid=os.getpid(), since=since, host=host, dvc=dvc_process())


def _refusal(holder: Holder | None) -> ProjectInUseError:
    if holder is None:
        who = "Another run works in this project."
    else:
        pid, what = holder.pid, f"`{holder.command}`"
        if holder.dvc is not None:
            pid, what = holder.dvc[0], f"DVC, whose last command was {what}"
        who = (
            f"Another run works in this project: {what}, process {pid} on {holder.host}, since "
            f"{holder.since}."
        )
    return ProjectInUseError(
        f"{who} Two runs would mix their results. Wait until it ends, or end it; this releases "
        "the project. A clone in another folder can run at the same time."
    )


def _read(descriptor: int) -> Holder | None:
    """Return what the file says; None if it says nothing that can be read."""
    with suppress(ValidationError):
        holder: Holder = TypeAdapter(Holder).validate_json(os.pread(descriptor, MOST_BYTES, 0))
        return holder
    return None


def _write(descriptor: int, holder: Holder) -> None:
    # In place: a renamed file would be another one than the file that is locked.
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, TypeAdapter(Holder).dump_json(holder), 0)
