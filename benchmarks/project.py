"""Shared by the benchmarks: a figure with its bound, and a clean copy of the project."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
KEDRO = [sys.executable, "-m", "kedro"]
COPIED = ("conf", "src", ".dvc", "params.yaml", "pyproject.toml", "dvc.yaml", ".telemetry")
FOLDERS = ("data/01_raw", "data/03_teachers/given")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, its bound, and whether the number meets the bound (None if it was not measured).

    `details` holds what it was computed from.
    """

    name: str
    measured: str
    bound: str
    met: bool | None
    details: dict[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return asdict(self)


@contextmanager
def clean_project() -> Iterator[Path]:
    """Yield a temporary copy of the project without data, and remove it afterwards."""
    with TemporaryDirectory(prefix="stillroom-bench-") as folder:
        root = Path(folder)
        copy_project(root)
        yield root


def copy_project(root: Path) -> None:
    """Copy the project without its data into a folder, over what is there."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp")
            shutil.copytree(source, root / name, ignore=ignored, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, root / name)
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)


def kedro(root: Path, *arguments: str) -> str:
    """Run a kedro command in a project and return what it printed; its progress is shown.

    Compiled modules are kept regardless of the shell's settings. Otherwise each start would compile
    the project.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(
        [*KEDRO, *arguments],
        cwd=root,
        env={**kept, "KEDRO_DISABLE_TELEMETRY": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return ended.stdout
