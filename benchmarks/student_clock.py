"""Student clock: a project with soft labels in, the seconds of a student's epoch out.

    examples, soft labels ──the real trainer, with checkpoints──> seconds of an epoch

The first epoch is not counted.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.project import Figure


class StudentClock:
    """A student, and everything that it can learn from."""

    def __init__(
        self, project: Path, epochs: int, runtime: Mapping[str, Any] | None = None, **changes: Any
    ) -> None:
        """Read a project that has soft labels.

        Args:
            project: its folder.
            epochs: epochs of a fit, the first one included.
            runtime: the parameters with which it was run, in the form of --params.
            changes: fields of the fit that differ from the project's parameters.
        """
        from stillroom.config.compose import compose
        from stillroom.config.schema import Objective, Student, Trainer
        from stillroom.data.encoders import read_encoder
        from stillroom.io.tables import TableFile
        from stillroom.softlabels.reading.label_set import SoftLabelSet
        from stillroom.training.data.dataset_factory import DatasetFactory
        from stillroom.training.job import Fit

        parameters = compose(project, runtime)
        self.epochs = epochs
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
            **{
                "name": "student",
                "architecture": student.architecture,
                "optimisation": replace(student.as_optimisation(), epochs=epochs),
                "rows": "all",
                "objective": None,
                "seed": 0,
                "shift": 0,
                "label_smoothing": 0.0,
                "output": "student",
                **changes,
            }
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
        return (times[self.epochs] - times[1]) / (self.epochs - 1)


def over_hard_labels(name: str, student: StudentClock, bound: float | None, rounds: int) -> Figure:
    """Return how fast a student learns from the cache, over hard labels: medians of rounds."""
    pairs = [
        (student.seconds(), student.seconds(objective=student.objective)) for _ in range(rounds)
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
