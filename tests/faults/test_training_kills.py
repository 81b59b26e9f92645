"""SIGKILL at random steps of training: the resumed weights and the order of examples are the same.

The kill comes a moment after a step has begun: in the step, while a checkpoint is written, in the
validation of an epoch, or between two fits.
"""

import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.training.killed_runs import Run, distinct, run_of, same_weights

from stillroom.data.views.image_views import Views

STEPS = 44  # 3 epochs of 4 batches, then 4 epochs of 4 batches in 2 parts


# The small version for `make test` is in tests/training/fit/test_checkpoint_callback.py.
@pytest.mark.faults
@pytest.mark.parametrize(
    ("workers", "memory_gb", "kills"),
    [(0, 1.0, 50), (2, 1.0, 50), (2, 1e-6, 10)],
    ids=["no workers", "2 workers", "2 workers, rows on disk"],
)
def test_training_that_is_killed_at_random_steps_ends_with_equal_weights(
    tmp_path: Path,
    workers: int,
    memory_gb: float,
    kills: int,
    add_to_summary: Callable[[str], None],
) -> None:
    draws = random.Random(kills + workers)
    made = image_examples(tmp_path, unlabelled=20)
    teachers = untrained_teachers(made, tmp_path / "t")
    labels = soft_labels(made, teachers, tmp_path / "s", views=Views(count=2, shift=1, seed=0))
    whole = run_of(made, labels, tmp_path / "whole", memory_gb=memory_gb)
    assert whole.go() == 0
    assert len(whole.steps()) == STEPS
    done = replayed = runs = 0
    while done < kills:
        how = {"workers": workers, "memory_gb": memory_gb, "checkpoint_steps": 3}
        run = run_of(made, labels, tmp_path / f"run{runs}", **how)
        done += killed_until_it_ends(run, min(10, kills - done), draws)
        assert distinct(run.steps()) == whole.steps()
        assert same_weights(run, whole)
        replayed += len(run.steps()) - STEPS
        runs += 1
    add_to_summary(
        f"training, {workers} workers, rows {'in memory' if memory_gb >= 1 else 'on disk'}: "
        f"{done} kills in {runs} runs, each of {STEPS} steps; {replayed} were taken "
        "twice; weights and order as in an uninterrupted run"
    )


def killed_until_it_ends(run: Run, most: int, draws: random.Random) -> int:
    """Kill a run at up to `most` random steps, then let it end; return the number of kills."""
    kills = 0
    while kills < most:
        code = run.go(stop_at=draws.randrange(12))
        if code == 0:
            return kills
        assert code == -signal.SIGKILL
        kills += 1
    assert run.go() == 0
    return kills
