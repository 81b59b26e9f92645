"""`kedro softlabels show | verify | gc | adopt`, in this process on a small real project."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project
from support.faults.fault_project import make_project
from support.faults.fork_server import Ran
from support.softlabels.linear_teachers import capture_inputs, fill, linear

from stillroom.cli import cli
from stillroom.io.runs.run_lock import run_lock
from stillroom.io.tables import write_table
from stillroom.softlabels.format.manifest import SHARDS
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store import gc
from stillroom.softlabels.store.store import Store
from stillroom.teachers.sentence.kept_embeddings import write_embeddings
from stillroom.training.process.kept_fits import WHY, KeptFits

LABELS = Path("data") / "04_soft_labels"
STORE = Path(".stillroom") / "store"
CAPTURE = ("run", "--pipeline=capture")


def invoked(*words: str) -> Result:
    return CliRunner().invoke(cli, words, env={"COLUMNS": "250"})


def text(result: Result) -> str:
    """Return the output of a successful command as one line."""
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def error(result: Result) -> str:
    """Return the one line of a command that failed."""
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert result.output.endswith(f"{line}\n")
    return line


class ThisProcess:
    """Runs commands in this process, in place of the fault suite's server."""

    def run(self, project: Path, *words: str, **_: Any) -> Ran:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(project)
            bootstrap_project(project)
            ran = invoked(*words)
        return Ran(ran.exit_code, 0.0, ran.output)


@pytest.fixture(scope="module")
def captured_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a project with soft labels of two teachers; afterwards undo what Kedro sets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.environ["PYTHONPATH"])
        patch.setattr(sys, "path", [*sys.path])
        here = ThisProcess()
        folder = make_project(tmp_path_factory.mktemp("cli") / "project", here)  # type: ignore[arg-type]
        ran = here.run(folder, *CAPTURE)
        assert ran.code == 0, ran.output
        yield folder


@pytest.fixture
def small(captured_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project, as the working directory."""
    monkeypatch.delenv("STILLROOM_STORE", raising=False)
    monkeypatch.setattr(gc, "PATIENCE_S", 0.05)
    folder = tmp_path / "project"
    shutil.copytree(captured_project, folder)
    monkeypatch.chdir(folder)
    return folder


def damage(project: Path) -> str:
    """Flip a bit of a shard of the set; return its name."""
    path = sorted((project / LABELS / SHARDS).iterdir())[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    return path.name


def asked_nothing() -> bool:
    return text(invoked(*CAPTURE)).count("of 2: 0 rows captured; in the store were ") == 2


def unused(project: Path) -> Path:
    """Add a capture that no set names to the store; return its folder."""
    store, other = Store(project / STORE), linear(9, TopK(k=2, temperatures=(1.0,)))
    fill(other, store, capture_inputs())
    return store.folder / "captures" / other.capture.fingerprint


def gc_of_all(*words: str) -> Result:
    """Run `gc` so that it also considers files that were just written."""
    return invoked("softlabels", "gc", "--keep-days", "0", *words)


def captures(project: Path) -> set[str]:
    return {path.name for path in (project / STORE / "captures").iterdir()}


def test_show_prints_the_teachers_the_size_and_the_bias(small: Path) -> None:
    manifest = SoftLabelSet(small / LABELS).manifest
    output = text(invoked("softlabels", "show"))
    assert f"teachers {', '.join(c.weights for c in manifest.captures)} " in output
    assert "rows 120 " in output
    assert "bias none: every class is stored" in output
    assert f"bytes {manifest.bytes:,} " in output
    assert output.count("mass 1.0000") == 2


def test_verify_prints_each_member_and_that_the_set_has_no_errors(small: Path) -> None:
    lines = invoked("softlabels", "verify").output.splitlines()
    assert lines[-1] == "The set has no errors."
    for number, line in enumerate(lines[-3:-1]):
        assert line.startswith(f"member {number}: 120 rows, 120 positions, ")
        assert " agree with the hard labels (shuffled 50.0%, " in line


@pytest.mark.parametrize("command", ["verify", "adopt"])
def test_a_damaged_shard_is_one_line_with_its_name(small: Path, command: str) -> None:
    name = damage(small)
    shutil.rmtree(small / STORE)
    assert f"shard {name} is damaged" in error(invoked("softlabels", command))


@pytest.mark.parametrize("command", ["show", "adopt"])
def test_without_a_set_the_error_is_one_line_that_names_the_command(
    small: Path, command: str
) -> None:
    shutil.rmtree(small / LABELS)
    assert "Run `kedro run --pipeline=capture` first." in error(invoked("softlabels", command))


@pytest.mark.parametrize("command", ["verify", "gc"])
def test_outside_of_a_project_the_error_is_one_line(
    small: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(small.parent)
    assert "is not inside a Stillroom project" in error(invoked("softlabels", command))


def test_gc_has_nothing_to_remove_right_after_capture(small: Path) -> None:
    before = captures(small)
    for words in ([], ["--yes"]):
        output = text(gc_of_all(*words))
        assert output == f"There is nothing to remove from {small / STORE}."
    assert captures(small) == before


def test_gc_lists_unused_captures_and_removes_them_only_with_yes(small: Path) -> None:
    folder = unused(small)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    lines = gc_of_all().output.splitlines()
    assert lines[0].split("  ")[-2:] == [
        folder.name[:16],
        f"no set uses it: topk of {9:064x}",
    ]
    assert f"{size / 1000:.1f} kB          25 rows  " in lines[0]
    assert lines[1].startswith(f"{size / 1000:.1f} kB (25 answers) can be removed from ")
    assert "kedro softlabels gc --yes" in lines[1]
    assert len(lines) == 2
    assert folder.exists()
    assert "(25 answers) from" in text(gc_of_all("--yes"))
    assert not folder.exists()
    assert len(captures(small)) == 2
    assert asked_nothing()


def test_gc_keeps_recent_captures_unless_keep_days_is_0(small: Path) -> None:
    folder = unused(small)
    assert text(invoked("softlabels", "gc", "--yes")) == (
        f"There is nothing to remove from {small / STORE}. "
        "Captures that changed within 14 days stay (--keep-days)."
    )
    assert folder.exists()
    assert invoked("softlabels", "gc", "--keep-days", "-1").exit_code == 2


def test_gc_lists_old_embeddings_and_removes_them_only_with_yes(small: Path) -> None:
    folder = small / STORE / "embeddings"
    write_embeddings(folder, "a" * 64, {bytes(16): np.ones(4, np.float32)})
    (path,) = folder.glob("*.safetensors")
    assert "There is nothing to remove" in text(invoked("softlabels", "gc", "--yes"))
    lines = gc_of_all().output.splitlines()
    assert lines[0].endswith("embeddings of labelled texts, which an encoder can compute again")
    assert path.exists()
    assert "(0 answers) from" in text(gc_of_all("--yes"))
    assert not path.exists()


def test_gc_lists_kept_teachers_that_the_project_does_not_use(small: Path) -> None:
    kept, teachers = KeptFits(small / STORE / "fits"), small / "data/03_teachers/ensemble"
    kept.keep("a" * 64, teachers / "member_0", [])
    other = shutil.copytree(teachers / "member_0", small / "other")
    (other / "model.safetensors").write_bytes(b"of other parameters")
    kept.keep("b" * 64, other, [])
    assert gc_of_all().output.splitlines()[0].endswith(WHY)
    assert gc_of_all("--yes").exit_code == 0
    assert sorted(path.name for path in kept.folder.glob("*/")) == ["a" * 64]


def test_gc_is_an_error_of_one_line_during_a_capture(small: Path) -> None:
    folder = unused(small)
    with Store(small / STORE).in_use():
        assert "another process has held" in error(gc_of_all("--yes"))
        assert "(25 answers) can be removed" in text(gc_of_all())
    assert folder.exists()


def test_gc_keeps_the_captures_of_an_unverified_set(small: Path) -> None:
    shutil.rmtree(small / LABELS)
    before = captures(small)
    assert text(gc_of_all("--yes")).startswith("There is nothing to remove")
    assert captures(small) == before


def test_gc_keeps_the_captures_of_a_set_that_a_kill_left_under_another_name(small: Path) -> None:
    shutil.rmtree(small / ".stillroom" / "unverified_labels")
    (small / LABELS).rename(small / "data" / f".{LABELS.name}.{'0' * 32}.replaced")
    assert text(gc_of_all("--yes")).startswith("There is nothing to remove")
    assert asked_nothing()


def test_gc_without_any_set_removes_every_answer(small: Path) -> None:
    shutil.rmtree(small / LABELS)
    shutil.rmtree(small / ".stillroom" / "unverified_labels")
    assert "(240 answers) from" in text(gc_of_all("--yes"))
    assert captures(small) == set()


def test_gc_removes_nothing_if_a_set_cannot_be_read(small: Path) -> None:
    folder = unused(small)
    (small / LABELS / "manifest.json").write_text("{")
    assert "manifest.json: the document is malformed" in error(gc_of_all("--yes"))
    assert folder.exists()


def test_a_clone_that_adopts_its_set_runs_no_teacher(small: Path) -> None:
    shutil.rmtree(small / ".stillroom")
    output = text(invoked("softlabels", "adopt"))
    assert output.endswith(f"Added 2 shards to {small / STORE}; the set has 240 rows.")
    assert text(invoked("softlabels", "adopt")).endswith(
        f"Added 0 shards to {small / STORE}; the set has 240 rows."
    )
    assert asked_nothing()


def test_verify_and_adopt_take_a_set_that_was_published_in_spite_of_a_teacher_at_chance(
    small: Path,
) -> None:
    (examples,) = (small / "data/02_examples/examples").glob("*.parquet")
    frame = pl.read_parquet(examples)
    write_table(frame.with_columns(label=pl.col("label").shuffle(seed=3)), examples)
    warn = ("--params", "evaluate.sanity=warn")
    assert "Alarm: Teacher 1 of 2" in text(invoked(*CAPTURE, *warn))
    for command in ("verify", "adopt"):
        assert text(invoked("softlabels", command, *warn))
        assert "shuffled labels would agree" in error(invoked("softlabels", command))


def test_adopt_fills_the_store_that_the_environment_names(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLROOM_STORE", str(tmp_path / "elsewhere"))
    output = text(invoked("softlabels", "adopt"))
    assert output.endswith(f"Added 2 shards to {tmp_path / 'elsewhere'}; the set has 240 rows.")
    assert len(list(Store(tmp_path / "elsewhere").captures())) == 2


@pytest.mark.parametrize("words", [("gc", "--keep-days", "0", "--yes"), ("adopt",)])
def test_a_command_that_changes_the_store_is_refused_beside_a_run(
    small: Path, words: tuple[str, ...]
) -> None:
    before = sorted(small.rglob(f"{STORE}/**/*"))
    with run_lock(small, "kedro run"):
        assert "kedro run" in error(invoked("softlabels", *words))
    assert sorted(small.rglob(f"{STORE}/**/*")) == before
    text(invoked("softlabels", *words))


def test_a_list_of_what_is_unused_needs_no_lock(small: Path) -> None:
    with run_lock(small, "kedro run"):
        assert "nothing to remove" in text(invoked("softlabels", "gc"))
