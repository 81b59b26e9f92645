"""Keeps the results of a long benchmark's steps on disk, so that no step runs twice.

once("teacher", run) ──in results.json?── yes ──> the result
                            └─ no: run it ──────> the result, now kept
"""

import json
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

from benchmarks.project import ROOT

Result = dict[str, Any]
SUFFIXES = (".py", ".yaml", ".yml", ".j2")


class Done:
    """Results of finished steps, on disk."""

    def __init__(self, path: Path) -> None:
        """Read the results that are there."""
        self.path = path
        self.results: Result = json.loads(path.read_text()) if path.exists() else {}

    def once(self, step: str, run: Callable[[], Result]) -> Result:
        """Return a step's result; read it from disk if the step is finished."""
        if step not in self.results:
            self.results[step] = run()
            self.path.write_text(json.dumps(self.results, indent=2) + "\n")
        result: Result = self.results[step]
        return result

    def timed(self, step: str, run: Callable[[], Result]) -> Result:
        """Do as `once`, and keep the step's cost beside its result: `wall_s` and `cpu_s`."""
        return self.once(step, lambda: _timed(run))


def _timed(run: Callable[[], Result]) -> Result:
    wall, cpu = time.perf_counter(), _cpu()
    result = run()
    return {**result, "wall_s": time.perf_counter() - wall, "cpu_s": _cpu() - cpu}


def _cpu() -> float:
    """Return the CPU seconds of this process and of the processes that it waited for."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def done_in(folder: Path, sources: Iterable[str]) -> Done:
    """Return the finished steps of a folder, which is emptied first if the code has changed.

    Args:
        folder: used by this benchmark only.
        sources: folders of the project that the results depend on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state, present = folder / "state", _contents(sources)
    if not state.exists() or state.read_text() != present:
        shutil.rmtree(folder)
        folder.mkdir()
        state.write_text(present)
    return Done(folder / "results.json")


def _contents(sources: Iterable[str]) -> str:
    from stillroom.io.files.hashing import sha256_file, sha256_json

    files = [p for name in sources for p in sorted((ROOT / name).rglob("*")) if p.is_file()]
    kept = [p for p in files if p.suffix in SUFFIXES]
    return sha256_json({str(p.relative_to(ROOT)): sha256_file(p) for p in kept})
