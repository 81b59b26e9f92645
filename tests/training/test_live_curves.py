"""Live curves: dvclive's own files hold the records, epoch by epoch, while a fit goes on."""

import contextlib
import csv
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from dvclive.live import Live
from small_project import Small, a_fit, a_job, fitted, small

from stillroom.training.launch import train
from stillroom.training.live_curves import MEASURES, LiveCurves


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small(tmp_path_factory.mktemp("live"))


def column(folder: Path, fit: str, measure: str) -> list[float]:
    file = folder / fit / "plots" / "metrics" / f"{measure}.tsv"
    with file.open() as stream:
        return [float(row[measure]) for row in csv.DictReader(stream, delimiter="\t")]


def test_each_fit_has_curves_of_its_own_that_are_its_records(made: Small, tmp_path: Path) -> None:
    fits = [a_fit(name, optimisation=fitted(epochs=3)) for name in ("control", "student")]
    job = a_job(made, tmp_path / "job", fits=fits, curves=str(tmp_path / "live"))
    records = train(job, tmp_path / "models")
    for fit in ("control", "student"):
        own = [row for row in records if row["model"] == fit]
        assert len(own) == 3
        for measure in MEASURES:
            shown = column(tmp_path / "live", fit, measure)
            assert shown == pytest.approx([row[measure] for row in own])
    assert not list(tmp_path.rglob("dvc.yaml"))


def test_no_server_is_told_and_nothing_is_resumed(
    made: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        for name, value in (("TOKEN", "isat_token"), ("URL", address), ("REPO_URL", "me/mine")):
            monkeypatch.setenv(f"DVC_STUDIO_{name}", value)
        monkeypatch.setenv("DVCLIVE_RESUME", "true")
        job = a_job(made, tmp_path / "job", curves=str(tmp_path / "live"))
        for run in ("first", "second"):
            train(job, tmp_path / run)
            shutil.rmtree(tmp_path / "job")  # so that the second one trains too
        with contextlib.suppress(TimeoutError):
            asked.append(server.accept())
    assert asked == []
    assert len(column(tmp_path / "live", "student", "validation_nll")) == 3


def test_without_a_folder_nothing_is_shown(made: Small, tmp_path: Path) -> None:
    train(a_job(made, tmp_path / "job"), tmp_path / "models")
    assert not list(tmp_path.rglob("*.tsv"))


def test_what_cannot_be_shown_does_not_stop_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Empty git repo")

    monkeypatch.setattr(Live, "_init_dvc", refuse)
    curves = LiveCurves(tmp_path)
    trainer = SimpleNamespace(is_global_zero=True)
    curves.on_train_start(trainer, SimpleNamespace())  # type: ignore[arg-type]
    curves.on_train_epoch_end(trainer, SimpleNamespace())  # type: ignore[arg-type]
    assert "no live curves: Empty git repo" in caplog.text
