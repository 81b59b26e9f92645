"""The parameters as frozen, checked types: one class per top-level key of the composed config.

    composed dict ──> Data | Teacher | SoftLabels | Student | Objective | Trainer | Evaluate

Building a class checks its values: a wrong type, an unknown key or a value out of range is an
error. No other code checks a raw parameter again. Shares and fractions are numbers from 0 to 1,
temperatures are in the units of a logit.
"""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from stillroom.config.schema.data_schema import CORPORA, Columns, Corpus, Data, Documents, Text
from stillroom.config.schema.model_schema import Architecture, Optimisation
from stillroom.config.schema.objective_schema import FEATURE_TERMS, Objective, Terms
from stillroom.config.schema.run_schema import Evaluate, Trainer
from stillroom.config.schema.softlabels_schema import SoftLabels
from stillroom.config.schema.student_schema import FROM_TEACHER, Student, Transfer
from stillroom.config.schema.teacher_schema import Head, Inference, Teacher

__all__ = [
    "CORPORA",
    "FEATURE_TERMS",
    "FROM_TEACHER",
    "SECTIONS",
    "Architecture",
    "Columns",
    "Corpus",
    "Data",
    "Documents",
    "Evaluate",
    "Head",
    "Inference",
    "Objective",
    "Optimisation",
    "SoftLabels",
    "Student",
    "Teacher",
    "Terms",
    "Text",
    "Trainer",
    "Transfer",
    "plain",
]

SECTIONS: dict[str, type] = {
    "data": Data,
    "teacher": Teacher,
    "softlabels": SoftLabels,
    "student": Student,
    "objective": Objective,
    "trainer": Trainer,
    "evaluate": Evaluate,
}


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections as plain values again, for a page or a card to print."""
    return {
        name: asdict(section) if is_dataclass(section) else section  # type: ignore[arg-type]
        for name, section in parameters.items()
    }
