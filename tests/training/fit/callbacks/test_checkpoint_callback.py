"""The checkpoint callback: killed or stopped workers continue where they were, bit by bit."""

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
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.training.jobs import a_fit, a_trainer
from support.training.killed_runs import Run, distinct, run_of, same_weights

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.build_loss import build_loss
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.dataset_factory import DatasetFactory
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import MicroBatch
from stillroom.training.fit.callbacks.checkpoint_callback import CheckpointCallback
from stillroom.training.fit.checkpoint import read_tree
from stillroom.training.fit.fit_model import FitInputs, build_trainer, fit_model
from stillroom.training.job import FAILED
from stillroom.training.resume_state import ResumeState
from stillroom.training.signals import StoppedError, StopRequest

Made = tuple[ImageExamples, SoftLabelSet]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("keeper")
    examples = image_examples(folder, unlabelled=20)
    teachers = untrained_teachers(examples, folder / "t")
    return examples, soft_labels(
        examples, teachers, folder / "s", views=Views(count=2, shift=1, seed=0)
    )


@pytest.fixture(scope="module")
def whole(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = run_of(*made, tmp_path_factory.mktemp("whole") / "run")
    assert run.go() == 0
    return run


def test_a_run_that_is_killed_and_then_stopped_ends_with_the_very_weights(
    made: Made, whole: Run, tmp_path: Path
) -> None:
    run = run_of(*made, tmp_path / "run")
    assert run.go(7) == -signal.SIGKILL
    assert run.go(6, signal.SIGTERM) == FAILED
    failure = (run.folder / "failure-0.txt").read_text()
    assert "Run the same command again to continue." in failure
    before = run.steps()
    assert run.go() == 0
    assert distinct(run.steps()) == whole.steps()
    again = len(before) - len(distinct(before))
    assert again < 6  # a state every 2 steps; a start from the beginning repeats 7 or more
    after = run.steps()[len(before) :]
    assert after == whole.steps()[len(distinct(before)) :]  # after SIGTERM no step runs twice
    assert same_weights(run, whole)
    assert (run.folder / "curves.json").read_bytes() == (whole.folder / "curves.json").read_bytes()


@dataclass(frozen=True)
class Stopping:
    """Validation rows that send the process a stop signal whenever they are read."""

    rows: MemoryDataset
    number: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, part: MicroBatch) -> Batch:
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
    source = DatasetFactory(examples=made[0].examples, encoder=encoder, labels=None, memory=1e9)
    fit, place = a_fit(epochs=3), ResumeState(tmp_path / "fit", {})
    stopping: Any = Stopping(source.validation(), number)
    task = FitInputs(
        train=source.dataset_of(fit),
        validation=stopping,
        loss=build_loss(fit, None),
        encoder=encoder,
    )
    with pytest.raises(StoppedError, match="saved its state at step 4 of fit"):
        fit_model(
            fit, task, trainer=a_trainer(), state=place, stop=stop, tick=lambda rows, label: None
        )
    assert read_tree(place.checkpoint)["global_step"] == 4
    assert place.best.is_dir()


def test_a_signal_before_the_first_step_is_not_lost(
    made: Made, tmp_path: Path, stop: StopRequest
) -> None:
    # Lightning sets its own handler before that, which would end the process with code 0.
    trainer = build_trainer(a_trainer(), a_fit(), [])
    keeper = CheckpointCallback(
        state=ResumeState(tmp_path / "fit", {}),
        encoder=read_encoder(made[0].encoder),
        every=2,
        stop=stop,
    )
    trainer._signal_connector.register_signal_handlers()
    os.kill(os.getpid(), signal.SIGTERM)
    assert trainer.received_sigterm
    with pytest.raises(StoppedError, match="before its first step"):
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
    assert "request to stop" in failure.read_text()
    state = read_tree(run.folder / "control" / "checkpoint.safetensors")
    steps = len(run.steps())
    assert state["global_step"] == steps
    time.sleep(0.5)
    assert len(run.steps()) == steps  # it has ended
