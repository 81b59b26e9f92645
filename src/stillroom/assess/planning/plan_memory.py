"""Plan memory: the project of a plan and its trainer in, the memory of a student's training out.

ProjectPlan ──rows, positions, entries──> bytes of soft labels ─┐
student, trainer ──the control's fit──> memory trial ────────────┴──> TrainingMemory
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.assess.planning.training_memory import TrainingMemory, training_memory
from stillroom.config.schema import Trainer

if TYPE_CHECKING:
    from stillroom.assess.planning.planning import Project, ProjectPlan
    from stillroom.data.encoders import Encoder
    from stillroom.training.job import Job


def plan_memory(project: "Project", trainer: Trainer, planned: "ProjectPlan") -> TrainingMemory:
    """Return the memory that the training of one student takes on the CPU.

    A live teacher is not counted.

    Args:
        project: the project of the plan.
        trainer: the section `trainer`.
        planned: the plan, for the number of rows and positions.

    Raises:
        StillroomError: the student cannot be built.
    """
    from stillroom.data.encoders import read_encoder

    encoder = read_encoder(project.encoder)
    rows = soft_label_bytes(project, planned, encoder)
    return training_memory(_job(project, trainer, encoder), rows)


def soft_label_bytes(project: "Project", planned: "ProjectPlan", encoder: "Encoder") -> int:
    """Return about how many bytes the soft labels of all rows take in the training process."""
    from stillroom.teachers.softlabels_config import sparsifier_of
    from stillroom.training.data.dataset_factory import OVERHEAD, PER_ENTRY

    plan, request = planned.plan, sparsifier_of(project.softlabels)
    at_most = getattr(request, "entries_at_most", None)  # a request for a tau has only an average
    entries = project.softlabels.entries if at_most is None else at_most(encoder.outputs)
    positions = plan.whole.thinned * plan.positions / plan.sampled
    return int(plan.whole.rows * plan.members * (OVERHEAD + PER_ENTRY * entries * positions))


def _job(project: "Project", trainer: Trainer, encoder: "Encoder") -> "Job":
    from stillroom.evaluation.arms import CONTROL, Run
    from stillroom.teachers.stored_teachers import teacher_refs
    from stillroom.training.job import Job
    from stillroom.training.job_fits import student_fits
    from stillroom.training.model_start import student_start

    refs = teacher_refs(project.teachers, project.inference)
    start = student_start(project.student, refs[0], project.root)
    control = Run(CONTROL, 0)
    fits = student_fits(
        [control], project.student, project.objective, encoder.classes, start, "cached"
    )
    return Job(
        examples=str(Path(project.examples.path).absolute()),
        encoder=str(Path(project.encoder).absolute()),
        soft_labels=None,
        folder="",
        fits=fits,
        trainer=trainer,
    )
