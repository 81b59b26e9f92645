"""Nodes of `tutor`: who the teachers are."""

import shutil
from pathlib import Path
from typing import Any

from stillroom.config.schema import Optimisation, Teacher, Trainer
from stillroom.errors import ModelError
from stillroom.io.documents import read_json
from stillroom.io.paths import project_root
from stillroom.io.tables import TableFile
from stillroom.io.workspace import new_workspace
from stillroom.models.directory import read_encoder, require_directory
from stillroom.training.job import Fit, Job
from stillroom.training.launch import run_worker

CURVES = "learning_curves.json"


def tutor_teachers(
    examples: TableFile, encoder: dict[str, Any], teacher: Teacher, trainer: Trainer
) -> tuple[Path, Any]:
    """Return a folder with one model directory per teacher, and their learning curves."""
    workspace = new_workspace(project_root(), "tutor")
    ensemble = workspace / "ensemble"
    if teacher.source == "given":
        _take_over(project_root() / teacher.path, ensemble / "member_0")
        return ensemble, []
    fits = [_fit(teacher, member, ensemble) for member in range(teacher.members)]
    job = Job(
        examples=str(examples.path),
        encoder=encoder,
        soft_labels=None,
        curves=str(workspace / CURVES),
        fits=fits,
        trainer=trainer,
    )
    run_worker(job, workspace)
    return ensemble, read_json(workspace / CURVES)


def _fit(teacher: Teacher, member: int, ensemble: Path) -> Fit:
    return Fit(
        name=f"teacher {member + 1}",
        architecture=teacher.architecture,
        optimisation=Optimisation(
            epochs=teacher.epochs,
            batch_size=teacher.batch_size,
            lr=teacher.lr,
            weight_decay=teacher.weight_decay,
            warmup=teacher.warmup,
        ),
        rows="labelled",
        objective=None,
        seed=teacher.seed + member,
        shift=teacher.shift,
        label_smoothing=teacher.label_smoothing,
        output=str(ensemble / f"member_{member}"),
    )


def _take_over(given: Path, target: Path) -> None:
    if not given.is_dir():
        raise ModelError(f"teacher.path {given} is no folder. Name a Hugging Face model directory.")
    require_directory(given)
    read_encoder(given)
    shutil.copytree(given, target, ignore=shutil.ignore_patterns("*.bin", "*.pt", "*.pkl", ".*"))
