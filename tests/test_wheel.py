"""The wheel: what it contains, and that it reads a set beside the four packages it depends on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from packaging.requirements import Requirement
from scipy import special
from support.softlabels.linear_teachers import Captured, capture

ROOT = Path(__file__).resolve().parents[1]
BASE = {"numpy", "pyarrow", "polars", "pydantic"}
TEMPLATES = ROOT / "src" / "stillroom" / "reporting" / "templates"

# Run by an interpreter that has the wheel and the four packages alone.
READ = """
import json, sys
sys.path[:0] = json.loads(sys.argv[2])
from stillroom import softlabels
from stillroom.data.example_ids import example_ids
labels = softlabels.open(sys.argv[1])
ids = labels.table()["example_id"].to_list()
p = labels.read(ids, temperature=4.0).probabilities()
rows = sum(len(row.names) for row in labels.rows())
try:
    from stillroom import objectives
except ImportError as error:
    message = str(error)
print(json.dumps([p.tolist(), rows, len(example_ids("text", (), ["a"])[0]), message]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, since building leaves files beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", folder / "src", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    pip(sys.executable, "wheel", *own_backend(), "--no-deps", "--wheel-dir", folder / "out", folder)
    (built,) = (folder / "out").glob("stillroom-*.whl")
    return built


def own_backend() -> list[str]:
    """Return the option for pip to use this environment's setuptools, if it is new enough."""
    try:
        version = distribution("setuptools").version
    except ModuleNotFoundError:
        return []
    return ["--no-build-isolation"] if int(version.partition(".")[0]) >= 77 else []


def pip(python: str | Path, *words: str | Path) -> None:
    """Run pip; skip the test where it reaches no package index."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode and "No matching distribution found" in ended.stderr:
        pytest.skip(f"pip reaches no package index: {ended.stderr.splitlines()[-1]}")
    assert ended.returncode == 0, ended.stderr


def closure(names: set[str]) -> dict[str, Distribution]:
    """Return some installed packages and all that they need, by name."""
    found: dict[str, Distribution] = {}
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found[name] = distribution(name)
        needed = [Requirement(text) for text in found[name].requires or []]
        applying = [one for one in needed if one.marker is None or one.marker.evaluate()]
        waiting |= {one.name for one in applying} - set(found)
    return found


def link_packages(names: set[str], folder: Path) -> None:
    """Fill a folder with links to some installed packages and to all that they need."""
    for package in closure(names).values():
        tops = {Path(file.parts[0]) for file in package.files or [] if file.parts[0] != ".."}
        for top in tops - {Path("__pycache__")}:
            link = folder / top
            if not link.exists():
                link.symlink_to(Path(str(package.locate_file(top))))


def require_reads(python: str | Path, options: Sequence[str], paths: list[str], tmp: Path) -> None:
    """Let an interpreter read a set that is written here, and compare the numbers."""
    made = capture(tmp / "set")
    command = [str(python), *options, "-c", READ, str(made.folder), json.dumps(paths)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp, env=kept)
    assert ended.returncode == 0, ended.stderr
    p, rows, key_bytes, message = json.loads(ended.stdout)
    np.testing.assert_allclose(p, mean_of_members(made, 4.0), rtol=1e-12)
    assert (rows, key_bytes) == (25, 16)
    assert message == (
        "stillroom.objectives needs torch, which is not installed. "
        "Run: pip install 'stillroom[project]'"
    )


def mean_of_members(made: Captured, temperature: float) -> np.ndarray:
    """Return the mean of the members' probabilities of each row."""
    members = [special.softmax(made.dense(m) / temperature, axis=1) for m in range(2)]
    return np.asarray(np.mean(members, axis=0))


def test_the_wheel_has_every_module_and_template_and_no_test(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = (ROOT / "src").rglob("*")
    expected = {
        path.relative_to(ROOT / "src").as_posix()
        for path in sources
        if path.suffix in (".py", ".j2") or path.name == "py.typed"
    }
    assert names == expected
    assert len([name for name in names if name.endswith(".j2")]) == len(
        list(TEMPLATES.rglob("*.j2"))
    )
    assert "stillroom/py.typed" in names
    assert not [name for name in names if "test" in Path(name).name]


def test_the_base_needs_four_packages_and_the_extra_the_rest(wheel: Path, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path)
    (folder,) = tmp_path.glob("*.dist-info")
    needed = [Requirement(text) for text in PathDistribution(folder).requires or []]
    assert {one.name for one in needed if one.marker is None} == BASE
    extra = {one.name for one in needed if 'extra == "project"' in str(one.marker)}
    assert {"torch", "kedro", "hydra-core", "dvc", "scipy"} <= extra
    assert extra & BASE == set()


def test_the_wheel_reads_a_set_beside_the_four_packages_alone(wheel: Path, tmp_path: Path) -> None:
    packages, own = tmp_path / "packages", tmp_path / "own"
    packages.mkdir()
    ZipFile(wheel).extractall(own)
    link_packages(BASE, packages)
    # -S leaves out this environment's packages, -I the environment's variables and the folder.
    require_reads(sys.executable, ["-S", "-I"], [str(own), str(packages)], tmp_path)


@pytest.mark.faults
def test_the_wheel_installs_into_an_empty_venv_and_reads_a_set_there(
    wheel: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip(python, "install", "--quiet", wheel)
    require_reads(python, [], [], tmp_path)
