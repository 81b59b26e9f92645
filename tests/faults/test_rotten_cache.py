"""A damaged object in DVC's cache is named before training, and the store repairs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faults.fault_project import LABELS, Stage, committed, error_line, tree
from support.faults.fork_server import ENVIRONMENT

from stillroom.softlabels.format.manifest import MANIFEST, SHARDS


def dvc(project: Path, *words: str) -> None:
    binary = Path(sys.executable).parent / "dvc"
    subprocess.run(
        [str(binary), *words],
        cwd=project,
        env={**os.environ, **ENVIRONMENT, "DVC_NO_ANALYTICS": "1"},
        check=True,
        capture_output=True,
    )


def object_of(project: Path, file: Path) -> Path:
    """Return the cache's object with a file's content."""
    objects = (project / ".dvc/cache/files").rglob("*")
    content = file.read_bytes()
    return next(path for path in objects if path.is_file() and path.read_bytes() == content)


@pytest.mark.faults
@pytest.mark.parametrize("which", ["shard", "manifest"])
def test_a_damaged_object_in_dvcs_cache_is_an_error_before_training(
    which: str,
    capture_stage: Callable[..., Stage],
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    stage = capture_stage(rows=16)
    stage.must_run()
    project, wanted = stage.project, tree(stage.project / LABELS)
    dvc(project, "init", "--no-scm", "--quiet")
    dvc(project, "add", "--quiet", str(LABELS))
    shard = sorted((project / LABELS / SHARDS).iterdir())[0]
    file = shard if which == "shard" else project / LABELS / MANIFEST
    rotten = object_of(project, file)
    content = bytearray(rotten.read_bytes())
    at = content.index(b'"bias": "') + 10 if which == "manifest" else len(content) // 2
    content[at] ^= 1
    mode = rotten.stat().st_mode
    rotten.chmod(0o644)
    rotten.write_bytes(content)
    rotten.chmod(mode)  # DVC trusts an object that is read-only
    shutil.rmtree(project / LABELS)
    dvc(project, "checkout", "--quiet")
    assert file.read_bytes() == content, "DVC noticed the damage"
    trained = stage.server.run(project, "run", "--pipeline=train")
    line = error_line(trained)
    assert file.name in line
    assert "Run `kedro run --pipeline=capture`" in line
    assert not [p for p in (project / "data/05_students").rglob("*") if p.is_file()]
    again = stage.must_run()
    assert "120 rows captured" not in again.output
    assert committed(project, tmp_path) == wanted
    add_to_summary(
        f"a rotten {which} in DVC's cache: refused before training; the store mended the set"
    )
