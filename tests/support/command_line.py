"""Projects that are run as a user runs them: real commands in real processes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

# A tenth of a second of training: these tests check whether the parts fit together.
QUICK = (
    "groups:\n  data: image_folder\n  teacher: mlp_ensemble\n  student: tiny\n"
    "data:\n  path: data/01_raw\n"
    "teacher:\n  path: data/03_teachers/given\n  members: 2\n  epochs: 3\n"
    "student:\n  epochs: 2\n"
    "students: [default]\n"
    "trainer:\n  threads: 1\n"
    "evaluate:\n  seeds: 1\n  latency_images: 3\n  energy_seconds: 0.2\n"
)
SIDE = 8
COUNT = 60


def quick_project(project: Path) -> Path:
    """Give a project a folder of images of two classes, and parameters that train at once."""
    (project / "params.yaml").write_text(QUICK)
    draws = np.random.default_rng(0)
    for name, axis in (("across", 0), ("down", 1)):
        folder = project / "data" / "01_raw" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(COUNT):
            image = draws.integers(0, 100, (SIDE, SIDE))
            image[
                (slice(None, None, 2), slice(None))
                if axis == 0
                else (slice(None), slice(None, None, 2))
            ] += 150
            Image.fromarray(image.astype(np.uint8)).save(folder / f"{number:03d}.png")
    return project


def command(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the venv in a project."""
    binaries = Path(sys.executable).parent
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH",)}
    path = f"{binaries}{os.pathsep}{kept.get('PATH', '')}"
    return subprocess.run(
        [str(binaries / words[0]), *words[1:]],
        cwd=project,
        env=kept | {"PATH": path, "KEDRO_DISABLE_TELEMETRY": "1", "COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def written(project: Path) -> list[str]:
    """Return every file below `data` except the raw ones, and what workspaces left behind."""
    files = [p for p in (project / "data").rglob("*") if p.is_file() and "01_raw" not in p.parts]
    return sorted(p.relative_to(project).as_posix() for p in files if p.name != ".gitkeep")
