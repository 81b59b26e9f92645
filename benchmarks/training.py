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
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.project import Figure, clean_project, kedro

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
        tiny, hinton = _Student(project, [64]), _Student(project, [800, 800])
        return [
            _over_hard_labels("2 x 800", hinton, CACHE_BOUND),
            # A step takes a millisecond, so the loss adds calls rather than arithmetic.
            _over_hard_labels("the default student, 1 x 64", tiny, None),
            _over_live(_Student(project, [WIDTH, WIDTH])),
        ]


@contextmanager
def _cached() -> Iterator[Path]:
    """Yield a project with examples, and soft labels of teachers after little training."""
    values = "groups.teacher=mlp_ensemble,teacher.members=1,teacher.epochs=1"
    with clean_project() as project:
        kedro(project, "run", "--pipelines=ingest,teachers,capture", f"--params={values}")
        yield project


class _Student:
    """A student and everything that it can learn from."""

    def __init__(self, project: Path, hidden: list[int]) -> None:
        from stillroom.config.compose import compose
        from stillroom.config.schema import Architecture, Objective, Student, Trainer
        from stillroom.data.encoders import read_encoder
        from stillroom.io.tables import TableFile
        from stillroom.softlabels.reading.label_set import SoftLabelSet
        from stillroom.training.data.dataset_factory import DatasetFactory
        from stillroom.training.job import Fit

        parameters = compose(project)
        self.trainer = Trainer(**parameters["trainer"])
        self.encoder = read_encoder(project / "data/02_examples/encoder")
        self.labels = SoftLabelSet(project / "data/04_soft_labels")
        examples = TableFile(project / "data/02_examples/examples")
        self.source = DatasetFactory(
            examples=examples, encoder=self.encoder, labels=self.labels, memory=1e12
        )
        self.objective = Objective(**parameters["objective"])
        student = Student(**parameters["student"])
        self.fit = Fit(
            name="student",
            architecture=Architecture(name="mlp", options={"hidden": hidden}),
            optimisation=replace(student.as_optimisation(), epochs=EPOCHS),
            rows="all",
            objective=None,
            seed=0,
            shift=0,
            label_smoothing=0.0,
            output="student",
        )

    def seconds(self, teachers: Any = None, **changes: Any) -> float:
        """Train once; return the seconds of an epoch, without the first."""
        from stillroom.training.build_loss import build_loss
        from stillroom.training.fit.fit_model import FitInputs, fit_model
        from stillroom.training.resume_state import ResumeState
        from stillroom.training.signals import StopRequest

        fit = replace(self.fit, **changes)
        rows = self.source.dataset_of(fit)
        loss = build_loss(fit, self.labels)
        task = FitInputs(
            train=rows,
            validation=self.source.validation(),
            loss=loss,
            encoder=self.encoder,
            teacher=teachers,
        )
        seen, times = 0, {}

        def tick(count: int, label: str) -> None:
            nonlocal seen
            seen += count
            times[seen // len(rows)] = time.perf_counter()

        with TemporaryDirectory() as folder:
            place = ResumeState(Path(folder) / "fit", {})
            fit_model(fit, task, trainer=self.trainer, state=place, stop=StopRequest(), tick=tick)
        return (times[EPOCHS] - times[1]) / (EPOCHS - 1)


def _over_hard_labels(name: str, student: _Student, bound: float | None) -> Figure:
    pairs = [
        (student.seconds(), student.seconds(objective=student.objective)) for _ in range(ROUNDS)
    ]
    ratio = median(hard / soft for hard, soft in pairs)
    rows = len(student.source.dataset_of(student.fit))
    rate = rows / median(soft for _, soft in pairs)
    return Figure(
        f"examples per second from the cache over hard labels, {name}",
        f"{ratio:.3f} ({rate:,.0f} a second)",
        "no bound" if bound is None else f">= {bound}",
        None if bound is None else ratio >= bound,
        {"seconds": pairs},
    )


def _over_live(student: _Student) -> Figure:
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


def _teacher_of(student: _Student) -> tuple[Any, float]:
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
