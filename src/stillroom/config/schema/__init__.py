"""The parameters as frozen, checked types: one class per top-level key of the composed config.

    composed dict ──> Data | Teacher | SoftLabels | Student | Objective | Trainer | …

Building a class checks its values: a wrong type, an unknown key or a value out of range is an
error. No other code checks a raw parameter again. Shares and fractions are numbers from 0 to 1,
temperatures are in the units of a logit.
"""

from stillroom.config.schema.data_schema import (
    Columns,
    Corpus,
    Csv,
    Data,
    Documents,
    Limits,
    Text,
)
from stillroom.config.schema.image_schema import Images
from stillroom.config.schema.model_schema import Architecture, Optimisation
from stillroom.config.schema.objective_schema import Objective
from stillroom.config.schema.plain_values import plain, plain_values
from stillroom.config.schema.run_schema import Answers, Evaluate, Export, Report, Trainer
from stillroom.config.schema.softlabels_schema import SoftLabels
from stillroom.config.schema.student_schema import (
    FROM_TEACHER,
    PRETRAINED,
    Adapter,
    Student,
    Transfer,
)
from stillroom.config.schema.teacher_schema import (
    LISTED,
    GivenTeacher,
    Head,
    Inference,
    Teacher,
)

__all__ = [
    "FROM_TEACHER",
    "PRETRAINED",
    "LISTED",
    "SECTIONS",
    "Adapter",
    "Architecture",
    "Columns",
    "Corpus",
    "Csv",
    "Data",
    "Documents",
    "Answers",
    "Evaluate",
    "Export",
    "GivenTeacher",
    "Head",
    "Images",
    "Inference",
    "Limits",
    "Objective",
    "Optimisation",
    "Report",
    "SoftLabels",
    "Student",
    "Teacher",
    "Text",
    "Trainer",
    "Transfer",
    "plain",
    "plain_values",
]

SECTIONS: dict[str, type] = {
    "data": Data,
    "teacher": Teacher,
    "teachers": list[GivenTeacher],
    "softlabels": SoftLabels,
    "student": Student,
    "objective": Objective,
    "trainer": Trainer,
    "evaluate": Evaluate,
    "export": Export,
    "report": Report,
}
