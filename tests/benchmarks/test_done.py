"""Finished steps: each runs once, and results of another state of the project are dropped."""

from pathlib import Path

import pytest

from benchmarks import done


def test_a_step_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    calls: list[str] = []

    def step() -> done.Result:
        calls.append("ran")
        return {"rows": 7}

    for _ in range(2):
        assert done.Done(tmp_path / "results.json").once("a", step) == {"rows": 7}
    assert calls == ["ran"]


def test_a_step_that_fails_is_tried_again(tmp_path: Path) -> None:
    def fails() -> done.Result:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        done.Done(tmp_path / "results.json").once("a", fails)
    assert done.Done(tmp_path / "results.json").once("a", lambda: {"b": 1}) == {"b": 1}


def test_after_a_change_of_code_every_step_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(done, "ROOT", tmp_path)
    code, kept = tmp_path / "src" / "a.py", tmp_path / "work"
    code.parent.mkdir()
    code.write_text("1")
    done.done_in(kept, ["src"]).once("a", lambda: {"b": 1})
    (tmp_path / "src" / "notes.txt").write_text("no code")
    assert done.done_in(kept, ["src"]).results == {"a": {"b": 1}}
    code.write_text("2")
    assert done.done_in(kept, ["src"]).results == {}
