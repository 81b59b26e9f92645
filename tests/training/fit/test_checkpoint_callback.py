"""The keeper: real workers that are killed or stopped go on where they were, bit by bit."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from interrupted import Run, distinct, run_of, same_weights
from small_project import Small, a_fit, a_trainer, small, soft_labels, untrained_teachers

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.build_loss import loss_of
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.dataset_factory import Source
from stillroom.training.data.memory_dataset import Rows
from stillroom.training.data.sampler import Part
from stillroom.training.fit.checkpoint import read_tree
from stillroom.training.fit.checkpoint_callback import Keeper
from stillroom.training.fit.fit_model import Task, fit_model, trainer_of
from stillroom.training.job import FAILED
from stillroom.training.resume_state import Place
from stillroom.training.signals import StoppedError, StopRequest

Made = tuple[Small, SoftLabelSet]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("keeper")
    examples = small(folder, unlabelled=20)
    teachers = untrained_teachers(examples, folder / "t")
    return examples, soft_labels(
        examples, teachers, folder / "s", views=Views(count=2, shift=1, seed=0)
    )


@pytest.fixture(scope="module")
def whole(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = run_of(*made, tmp_path_factory.mktemp("whole") / "run")
    assert run.go() == 0
    return run


def test_a_run_that_is_killed_over_and_over_ends_with_the_very_weights(
    made: Made, whole: Run, tmp_path: Path
) -> None:
    run = run_of(*made, tmp_path / "run", workers=1)
    for die_at in (5, 7):
        assert run.go(die_at) == -signal.SIGKILL
    assert run.go() == 0
    assert distinct(run.steps()) == whole.steps()
    again = len(run.steps()) - len(whole.steps())
    assert again < 10  # a state every 2 steps, each in up to 2 parts; beginning anew costs 14
    assert same_weights(run, whole)
    assert (run.folder / "curves.json").read_bytes() == (whole.folder / "curves.json").read_bytes()


def test_a_signal_saves_the_step_and_the_next_run_takes_none_again(
    made: Made, whole: Run, tmp_path: Path
) -> None:
    run = run_of(*made, tmp_path / "run", checkpoint_steps=1000)
    assert run.go(6, signal.SIGTERM) == FAILED
    said = (run.folder / "failure-0.txt").read_text()
    assert "Run the same command again: it goes on from there." in said
    assert run.go() == 0
    assert run.steps() == whole.steps()  # none twice
    assert same_weights(run, whole)


@dataclass(frozen=True)
class Stopping:
    """Validation rows that ask the process to stop whenever they are read."""

    rows: Rows
    number: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: Part) -> Batch:
        os.kill(os.getpid(), self.number)
        return self.rows[part]


@pytest.fixture
def stop() -> Iterator[StopRequest]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop = StopRequest()
    stop.listen()
    yield stop
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_in_validation_saves_the_epoch(
    made: Made, tmp_path: Path, stop: StopRequest, number: int
) -> None:
    encoder = read_encoder(made[0].encoder)
    source = Source(made[0].examples, encoder, None, 1e9)
    fit, place = a_fit(epochs=3), Place(tmp_path / "fit", {})
    stopping: Any = Stopping(source.validation(), number)
    task = Task(source.rows_of(fit), stopping, loss_of(fit, None), encoder)
    with pytest.raises(StoppedError, match="did so at step 4 of fit"):
        fit_model(fit, task, a_trainer(), place, stop, lambda rows, label: None)
    assert read_tree(place.checkpoint)["global_step"] == 4
    assert place.best.is_dir()


def test_a_signal_before_the_first_step_is_not_lost(
    made: Made, tmp_path: Path, stop: StopRequest
) -> None:
    # Lightning's own handler, which it sets before that, would end the process with code 0.
    trainer = trainer_of(a_trainer(), a_fit(), [])
    keeper = Keeper(Place(tmp_path / "fit", {}), read_encoder(made[0].encoder), 2, stop)
    trainer._signal_connector.register_signal_handlers()
    os.kill(os.getpid(), signal.SIGTERM)
    assert trainer.received_sigterm
    with pytest.raises(StoppedError, match="before it took a step"):
        keeper.on_train_start(trainer, None)  # type: ignore[arg-type]


def test_a_worker_whose_parent_is_killed_saves_and_leaves(made: Made, tmp_path: Path) -> None:
    run = run_of(*made, tmp_path / "run", checkpoint_steps=1000)
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE).wait()",
            *run.command(epochs=100_000),
        ],
        env=run.environment,
        stderr=subprocess.DEVNULL,
    )
    while len(run.steps()) < 6:
        time.sleep(0.01)
    parent.kill()
    failure = run.folder / "failure-0.txt"
    ends = time.monotonic() + 60
    while not failure.exists() and time.monotonic() < ends:
        time.sleep(0.05)
    assert "asked to stop" in failure.read_text()
    state = read_tree(run.folder / "control" / "checkpoint.safetensors")
    steps = len(run.steps())
    assert state["global_step"] == steps
    time.sleep(0.5)
    assert len(run.steps()) == steps  # it has left
