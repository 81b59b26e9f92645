"""Live curves: during a fit, dvclive's own files hold the records, epoch by epoch."""

import contextlib
import csv
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dvclive.live import Live
from support.examples.image_examples import image_examples
from support.training.jobs import a_fit, a_job, fitted

from stillroom.training.fit.callbacks.dvclive_callback import MEASURES, DVCLiveCallback
from stillroom.training.process.launch import train

Logged = tuple[Path, list[Any], list[Any]]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """Train while dvclive is set to resume and to report to a server; yield its connections."""
    folder = tmp_path_factory.mktemp("live")
    fits = [a_fit(name, optimisation=fitted(epochs=3)) for name in ("control", "student")]
    job = a_job(image_examples(folder), folder / "job", fits=fits, curves=str(folder / "live"))
    left = folder / "live" / "student" / "plots" / "metrics" / "validation_nll.tsv"
    left.parent.mkdir(parents=True)
    left.write_text("step\tvalidation_nll\n" + "".join(f"{step}\t9.0\n" for step in range(7)))
    connections: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.MonkeyPatch.context() as patch:
        server.settimeout(0.1)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        for name, value in (("TOKEN", "isat_token"), ("URL", address), ("REPO_URL", "me/mine")):
            patch.setenv(f"DVC_STUDIO_{name}", value)
        patch.setenv("DVCLIVE_RESUME", "true")
        records = train(job, folder / "models")
        with contextlib.suppress(TimeoutError):
            connections.append(server.accept())
    yield folder, records, connections


def column(folder: Path, fit: str, measure: str) -> list[float]:
    file = folder / "live" / fit / "plots" / "metrics" / f"{measure}.tsv"
    with file.open() as stream:
        return [float(row[measure]) for row in csv.DictReader(stream, delimiter="\t")]


def test_each_fit_has_curves_of_its_own_that_are_its_records(logged: Logged) -> None:
    folder, records, _ = logged
    for fit in ("control", "student"):
        own = [row for row in records if row["model"] == fit]
        assert len(own) == 3  # this many are shown, regardless of an earlier run
        for measure in MEASURES:
            expected = [row[measure] for row in own]
            assert column(folder, fit, measure) == pytest.approx(expected)


def test_no_server_is_contacted_and_no_stage_is_written(logged: Logged) -> None:
    folder, _, connections = logged
    assert connections == []
    assert not list(folder.rglob("dvc.yaml"))


def test_a_failure_of_the_live_curves_does_not_stop_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("Empty git repo")

    monkeypatch.setattr(Live, "_init_dvc", refuse)
    curves = DVCLiveCallback(tmp_path)
    trainer = SimpleNamespace(is_global_zero=True)
    curves.on_train_start(trainer, SimpleNamespace())  # type: ignore[arg-type]
    curves.on_train_epoch_end(trainer, SimpleNamespace())  # type: ignore[arg-type]
    assert "dvclive cannot start: Empty git repo" in caplog.text
