"""Start-up: what the registry imports, and what a run with nothing to do costs.

The second is a ratio to an empty Kedro project whose only node does nothing. Both run in turn, so
that a slower machine slows both.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.project import Figure, clean_project, kedro

HEAVY = ("torch", "lightning", "transformers", "pandas", "matplotlib")
FORBIDDEN = ("torch", "lightning")
ROUNDS = 9
EMPTY = {
    "pyproject.toml": (
        '[tool.kedro]\npackage_name = "empty"\nproject_name = "empty"\n'
        'kedro_init_version = "1.7.0"\nsource_dir = "src"\n'
    ),
    "conf/base/catalog.yml": "{}\n",
    "conf/local/.gitkeep": "",
    ".telemetry": "consent: false\n",
    "src/empty/__init__.py": "",
    # The same plugins as in this project, so that the ratio does not include Kedro-Viz.
    "src/empty/settings.py": 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)\n',
    "src/empty/pipeline_registry.py": (
        "from kedro.pipeline import Pipeline, node\n\n\n"
        "def nothing():\n    return 0\n\n\n"
        "def register_pipelines():\n"
        "    return {'__default__': Pipeline([node(nothing, None, 'done')])}\n"
    ),
}


def measure_startup() -> list[Figure]:
    """Measure both figures."""
    with clean_project() as project, TemporaryDirectory() as folder:
        empty = Path(folder)
        for name, content in EMPTY.items():
            path = empty / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        kedro(project, "run", "--pipeline=ingest")
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_seconds(project, "run", "--pipeline=ingest", "--only-missing-outputs"))
            theirs.append(_seconds(empty, "run"))
        return [_imports(project), _overhead(ours, theirs)]


def _overhead(ours: list[float], theirs: list[float]) -> Figure:
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    return Figure(
        "kedro run with nothing to do, over an empty Kedro project",
        f"{ratio:.2f} x",
        "<= 1.2 x",
        ratio <= 1.2,
        {"ours_s": ours, "empty_s": theirs},
    )


def _imports(project: Path) -> Figure:
    code = (
        "import sys\n"
        "from kedro.framework.cli.cli import main\n"
        "sys.argv = ['kedro', 'registry', 'list']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('IMPORTED', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True
    )
    imported = ended.stdout.split("IMPORTED")[-1].split()
    listed = [line for line in ended.stdout.splitlines() if line.startswith("- ")]
    met = len(listed) == 9 and not set(FORBIDDEN) & set(imported)
    return Figure(
        "heavy packages that kedro registry list imports",
        ", ".join(imported) or "none",
        "neither torch nor lightning",
        met,
        {"pipelines": listed},
    )


def _seconds(root: Path, *arguments: str) -> float:
    started = time.perf_counter()
    kedro(root, *arguments)
    return time.perf_counter() - started
