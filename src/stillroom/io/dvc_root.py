"""DVC around a command: the folder that all checkouts share, and the process of DVC."""

import os
from pathlib import Path

DVC_STAGE = "DVC_STAGE"  # DVC sets it for each command that it runs
FIRST_WORDS = 3  # of a command line: python, its option, the program


def shared_root(project: Path) -> Path:
    """Return the folder that the workspace and DVC's temporary experiments share.

    A DVC experiment in a temporary folder runs in `<root>/.dvc/tmp/exps/<name>`, and this function
    returns `<root>`. Any other project is its own root.
    """
    parts = project.resolve().parts
    for at in range(len(parts) - 2, 0, -1):
        if parts[at : at + 3] == (".dvc", "tmp", "exps"):
            return Path(*parts[:at])
    return project


def dvc_process() -> tuple[int, float] | None:
    """Return the process of DVC that runs this command: its id, and when it started.

    It is the nearest parent without the variable that DVC sets for its commands. None if that is
    not the program `dvc`: a notebook that calls DVC lives longer than its `repro`.
    """
    if DVC_STAGE not in os.environ:
        return None
    import psutil

    try:
        for process in psutil.Process().parents():
            if DVC_STAGE not in process.environ():
                words = process.cmdline()[:FIRST_WORDS]
                is_dvc = any(Path(word).name.startswith("dvc") for word in words)
                return (process.pid, process.create_time()) if is_dvc else None
    except psutil.Error:  # a parent has ended, or belongs to another user
        return None
    return None


def is_alive(pid: int, started: float) -> bool:
    """Return whether a process runs; another one may have got its id since.

    Args:
        pid: the id of the process.
        started: when it was started, in seconds since 1970.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - started) < 1
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def parent_ids() -> set[int]:
    """Return the ids of this process and of all processes above it."""
    import psutil

    return {os.getpid(), *(process.pid for process in psutil.Process().parents())}
