"""Training from the cache: against hard labels, and against a teacher that runs in each step.

    the default data ──ingest, teachers, capture──> one cache
    the same student ──hard labels | cache | live teacher, in turn──> seconds per epoch ──> ratios

The real trainer runs real fits, with checkpoints; the first epoch is not counted. A live teacher
is sized so that its forward pass costs four of the student's steps.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.project import Figure, clean_project, kedro
from benchmarks.student_clock import StudentClock, over_hard_labels

ROUNDS = 9
EPOCHS = 6
CACHE_BOUND, LIVE_BOUND = 0.95, 0.25
STEPS_OF_A_FORWARD = 4
WIDTH = 256  # width of the student's hidden layers when it is compared with a live teacher


def measure_training() -> list[Figure]:
    """Train the same student from hard labels, from the cache and from a live teacher."""
    import lightning  # noqa: F401 - it sets its loggers' levels, which are raised below
    import torch

    torch.set_num_threads(1)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with _cached() as project:
        tiny, hinton = _student(project, [64]), _student(project, [800, 800])
        return [
            over_hard_labels("2 x 800", hinton, CACHE_BOUND, ROUNDS),
            # A step takes a millisecond, so the loss adds calls rather than arithmetic.
            over_hard_labels("the default student, 1 x 64", tiny, None, ROUNDS),
            _over_live(_student(project, [WIDTH, WIDTH])),
        ]


@contextmanager
def _cached() -> Iterator[Path]:
    """Yield a project with examples, and soft labels of teachers after little training."""
    values = "groups.teacher=mlp_ensemble,teacher.members=1,teacher.epochs=1"
    with clean_project() as project:
        kedro(project, "run", "--pipelines=ingest,teachers,capture", f"--params={values}")
        yield project


def _student(project: Path, hidden: list[int]) -> StudentClock:
    from stillroom.config.schema import Architecture

    architecture = Architecture(name="mlp", options={"hidden": hidden})
    return StudentClock(project, EPOCHS, architecture=architecture)


def _over_live(student: StudentClock) -> Figure:
    from stillroom.models.forward.hidden_states import logits_only
    from stillroom.softlabels.format.ensemble_combination import Combination
    from stillroom.training.fit.live_teacher import LiveTeacher

    model, cost = _teacher_of(student)
    outputs = student.encoder.outputs
    alone = Combination.of("probability", [1.0])
    teachers = LiveTeacher([model], alone, "read", logits_only, outputs)
    soft = {"objective": student.objective}
    pairs = [
        (student.seconds(**soft), student.seconds(teachers, **soft, mode="live"))
        for _ in range(ROUNDS)
    ]
    ratio = median(cached / live for cached, live in pairs)
    return Figure(
        f"time of a step from the cache over a live teacher of {cost:.1f} steps a forward pass",
        f"{ratio:.3f}",
        f"<= {LIVE_BOUND}",
        ratio <= LIVE_BOUND,
        {"seconds": pairs, "forward_over_step": cost},
    )


def _teacher_of(student: StudentClock) -> tuple[Any, float]:
    """Return a perceptron and how many of the student's steps its forward pass costs, 4 or more."""
    import torch

    from stillroom.models.architecture_registry import build
    from stillroom.models.shape import Shape

    shape, size = Shape(student.encoder.shape, student.encoder.classes), 64
    batch = torch.zeros(size, *student.encoder.shape)
    rows = len(student.source.dataset_of(student.fit))
    step = median(student.seconds(objective=student.objective) for _ in range(3)) / (rows / size)
    width = WIDTH
    while True:
        model = build("mlp", {"hidden": [width] * 3}, shape, 0).eval().requires_grad_(False)
        cost = median(_forward(model, batch) for _ in range(9)) / step
        if cost >= STEPS_OF_A_FORWARD:
            return model, cost
        width = round(width * 1.03)


def _forward(model: Any, batch: Any) -> float:
    import torch

    with torch.no_grad():
        started = time.perf_counter()
        for _ in range(3):
            model(inputs=batch)
        return (time.perf_counter() - started) / 3
