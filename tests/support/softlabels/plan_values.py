"""The sections `softlabels` and `student` of projects that are planned."""

from dataclasses import asdict
from typing import Any

from support.training.jobs import EVERYTHING, fitted

from stillroom.config.schema import Architecture, Student

LABELS: dict[str, Any] = {
    "sparsifier": "full",
    "k": 16,
    "temperatures": [1.0, 4.0],
    "entries": 50.0,
    "tau": None,
    "samples": 50,
    "temperature": 4.0,
    "draws": 1,
    "views": 0,
    "shift": 2,
    "seed": 0,
    "combine": "read",
    "mean": "probability",
    "weights": None,
    "batch_size": 16,
    "rows_per_shard": 50,
    "pilot": 100,
    "features": "none",
}
STUDENT = Student(
    **asdict(fitted(epochs=1)),
    transfer=EVERYTHING,
    architecture=Architecture(name="mlp", options={"hidden": [4]}),
    seed=0,
)
