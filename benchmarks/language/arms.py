"""The arms of the table: what each student learns from; all else is equal.

Arm + seed ──fit──> Fit;  Arm ──job──> Job: its fits in one worker process
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from benchmarks.language.recipe import Recipe
from benchmarks.language.text import Text
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.training.job import Fit, Job, LiveConfig

CONTROL, FULL, THRESHOLD, TOP_K = "cross_entropy", "full_logits", "threshold", "topk"


@dataclass(frozen=True)
class Arm:
    """What a student learns from.

    Attributes:
        name: as a fit's output.
        mode: hard labels alone, a live teacher's full logits, or the cache.
        wanted: what the cache keeps of an answer.
        draws: the number of independent draws of it.
    """

    name: str
    mode: Literal["hard", "live", "cached"]
    wanted: SparsifierRequest | None = None
    draws: int = 1

    def fit(self, recipe: Recipe, seed: int) -> Fit:
        """Return the fit of a student of this arm."""
        return Fit(
            name=f"{self.name} {seed}",
            architecture=recipe.student.architecture,
            optimisation=recipe.student.as_optimisation(),
            rows="all",
            objective=None if self.mode == "hard" else recipe.objective,
            mode="live" if self.mode == "live" else "cached",
            seed=seed,
            shift=0,
            label_smoothing=0.0,
            output=f"{self.name}_{seed}",
        )

    def job(self, recipe: Recipe, text: Text, teacher: Path, folder: Path) -> Job:
        """Return the job of every seed.

        Args:
            recipe: what is trained.
            text: what is read.
            teacher: its model directory.
            folder: of the benchmark; the arm's soft labels lie there.
        """
        live = LiveConfig(teachers=[str(teacher)], shares=[1.0], mean="probability", combine="read")
        return Job(
            examples=str(text.transfer.path),
            encoder=str(text.encoder_folder),
            soft_labels=str(labels_of(self, folder)) if self.wanted else None,
            folder=str(folder / "fits" / self.name),
            fits=[self.fit(recipe, seed) for seed in recipe.seeds],
            trainer=recipe.trainer,
            live=live if self.mode == "live" else None,
        )


def arms(recipe: Recipe) -> tuple[Arm, ...]:
    """Return the arms, the slowest first."""
    labels = recipe.softlabels
    threshold = ThresholdRequest(labels.entries, labels.temperature)
    top_k = TopK(k=labels.k, temperatures=tuple(labels.temperatures))
    return (
        Arm(FULL, "live"),
        Arm(THRESHOLD, "cached", threshold, draws=recipe.student.epochs),
        Arm(TOP_K, "cached", top_k),  # nothing of it is drawn
        Arm(CONTROL, "hard"),
    )


def labels_of(arm: Arm, folder: Path) -> Path:
    """Return the folder of an arm's soft labels."""
    return folder / "labels" / arm.name


def models_of(jobs: Sequence[Job]) -> dict[str, Path]:
    """Return the finished models by name."""
    from stillroom.training.resume_state import resume_state_of

    return {fit.output: resume_state_of(job, fit, {}).best for job in jobs for fit in job.fits}


def teacher_job(recipe: Recipe, text: Text, folder: Path) -> Job:
    """Return the job that trains the teacher, on every training row."""
    fit = Fit(
        name="teacher",
        architecture=recipe.teacher.architecture,
        optimisation=recipe.teacher.as_optimisation(),
        rows="all",
        objective=None,
        seed=recipe.teacher.seed,
        shift=0,
        label_smoothing=recipe.teacher.label_smoothing,
        output="member_0",
    )
    return Job(
        examples=str(text.examples.path),
        encoder=str(text.encoder_folder),
        soft_labels=None,
        folder=str(folder / "fits" / "teacher"),
        fits=[fit],
        trainer=replace(recipe.trainer, threads=os.cpu_count() or 1),
    )
