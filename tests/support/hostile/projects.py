"""Projects for hostile attempts: this one's configuration, without data and without code."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("data/01_raw", "data/03_teachers/given", "src", "models")


def empty_project(folder: Path) -> Path:
    """Make a project that runs the code of this one."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name in ("params.yaml", "pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    return folder
