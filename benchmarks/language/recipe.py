"""The recipe: every number of the gap table in one place, and the project's own parameters of it.

    values, in the form of --params ──compose──> Recipe(data, teacher, student, …)

The student reads a fifth of its teacher's text, many times. With so little text it memorises the
hard labels, and this is the gap that a teacher can close.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

from pydantic import TypeAdapter

from benchmarks.project import ROOT
from stillroom.config.compose import compose
from stillroom.config.schema import (
    SECTIONS,
    Architecture,
    Evaluate,
    Objective,
    SoftLabels,
    Student,
    Teacher,
    Trainer,
)
from stillroom.config.schema.data_schema import Data

VALUES: dict[str, Any] = {
    "groups": {"experiment": "causal_lm"},
    "data": {
        "source": "corpus",
        "validation": 0.03,
        "test": 0.12,
        "text": {"tokenizer": None, "vocabulary": 8192, "length": 128},
        "documents": {"cut": "paragraph", "join": 1500},
    },
    "teacher": {"source": "trained", "epochs": 4, "lr": 0.002},
    "softlabels": {"entries": 12, "k": 12, "temperatures": [1.0]},
    "student": {
        "architecture": {"options": {"hidden_size": 64, "intermediate_size": 176}},
        "epochs": 10,
        "lr": 0.004,
    },
    "objective": {"hard_weight": 0.0, "missing_mass": "renormalise"},
    "trainer": {"threads": 1},
}
# With dropout, which a llama does not have.
TEACHER = Architecture(
    name="transformer",
    options={
        "model_type": "gpt2",
        "n_embd": 256,
        "n_layer": 2,
        "n_head": 4,
        "resid_pdrop": 0.2,
        "embd_pdrop": 0.2,
        "attn_pdrop": 0.1,
    },
)


@dataclass(frozen=True)
class Recipe:
    """Everything that the table depends on.

    Attributes:
        seeds: the students' seeds.
        share: of the training text that students read.
    """

    seeds: tuple[int, ...]
    share: float
    data: Data
    teacher: Teacher
    softlabels: SoftLabels
    student: Student
    objective: Objective
    trainer: Trainer
    evaluate: Evaluate


def recipe(values: dict[str, Any] = VALUES, seeds: int = 3, share: float = 0.2) -> Recipe:
    """Return the recipe: the experiment's values, and these over them."""
    composed = compose(ROOT, values)
    names = {field.name for field in fields(Recipe)}
    sections = {
        name: TypeAdapter(kind).validate_python(composed[name])
        for name, kind in SECTIONS.items()
        if name in names
    }
    made = Recipe(seeds=tuple(range(seeds)), share=share, **sections)
    return replace(made, teacher=replace(made.teacher, architecture=TEACHER))
