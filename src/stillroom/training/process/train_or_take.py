"""Train or take: a job in; models that an earlier run has finished are taken, others are trained.

    fit ──ingredients, kind of machine──> key ──KeptFits──> a model, or None
    the fits without one ──train──> models ──> kept for the next run

So teachers that did not change train once, in a plain `kedro run` too.
"""

import logging
import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stillroom.config.schema import Trainer
from stillroom.errors import StillroomError
from stillroom.io.byte_sizes import size_text
from stillroom.io.files.hashing import sha256_json
from stillroom.training.job import Fit, Job
from stillroom.training.process.kept_fits import KeptFits
from stillroom.training.process.launch import train
from stillroom.training.resume_state import Ingredients, resume_state_of, shared_ingredients

_LOG = logging.getLogger(__name__)


def train_or_take(job: Job, target: Path, kept: KeptFits) -> list[Any]:
    """Write the model of each fit of a job to a new folder; only those that are missing train.

    Args:
        job: the work; the log calls its fits teachers.
        target: the new folder of the model directories; its parent must exist.
        kept: the fits of earlier runs; those that are trained here are added.

    Returns:
        The records of the learning curves, in the order of the fits.

    Raises:
        StillroomError: as `launch.train`.
        OSError: the folder cannot be written.
    """
    ingredients = shared_ingredients(job) | {"machine": _machine(job.trainer)}
    keys = {fit.output: fit_key(job, fit, ingredients) for fit in job.fits}
    target.mkdir()
    taken = {name: kept.take(key, target / name) for name, key in keys.items()}
    missing = [fit for fit in job.fits if taken[fit.output] is None]
    if len(missing) < len(job.fits):
        count = f"{len(job.fits) - len(missing)} of {len(job.fits)}"
        _LOG.info("teachers: %s unchanged, not trained again", count)
    trained = _trained(job, missing, target)
    _keep(kept, {keys[name]: (target / name, records) for name, records in trained.items()})
    curves = taken | trained
    return [record for fit in job.fits for record in curves[fit.output] or []]


def fit_key(job: Job, fit: Fit, shared: Ingredients) -> str:
    """Return the hash of everything that a fit depends on."""
    return sha256_json(resume_state_of(job, fit, shared).ingredients)


def _machine(trainer: Trainer) -> str:
    """Return the kind of processor and of accelerator: others give other last bits."""
    accelerator: str = trainer.accelerator
    if accelerator != "cpu":
        import torch

        is_there = torch.cuda.is_available()
        accelerator = torch.cuda.get_device_name(0) if is_there else "cpu"
    return f"{platform.machine()}, {accelerator}"


def _trained(job: Job, fits: list[Fit], target: Path) -> dict[str, list[Any]]:
    """Train some fits of a job into `target`, and return the curve of each by its output."""
    if not fits:
        return {}
    models = target.with_name(f"{target.name}_trained")
    records = train(replace(job, fits=fits), models)
    for fit in fits:
        (models / fit.output).rename(target / fit.output)
    return {fit.output: [one for one in records if one["model"] == fit.name] for fit in fits}


def _keep(kept: KeptFits, fits: Mapping[str, tuple[Path, list[Any]]]) -> None:
    """Keep fits by their key; if the disk refuses, that costs time later, not the result."""
    if not fits:
        return
    try:
        for key, (model, records) in fits.items():
            kept.keep(key, model, records)
    except (OSError, StillroomError) as error:
        _LOG.warning("The teachers are not kept, so another run trains them again: %s", error)
        return
    files = [path for model, _ in fits.values() for path in model.rglob("*") if path.is_file()]
    size = size_text(sum(path.stat().st_size for path in files))
    _LOG.info("teachers: %d kept for later runs, %s in %s", len(fits), size, kept.folder)
