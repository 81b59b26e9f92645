"""Evaluate: students, teachers' soft labels and the test split in, metrics and plots out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.evaluate.family import compare_students
from stillroom.pipelines.evaluate.lineage import trace_lineage
from stillroom.pipelines.evaluate.looking import know_classes, part_examples, slice_tests
from stillroom.pipelines.evaluate.nodes import (
    continue_texts,
    draw_plots,
    measure_cost,
    measure_quality,
    predict,
)

RUN = ["params:teacher.dtype", "params:teacher.device_map"]
ASKED = ["examples", "encoder", "soft_labels", "teachers", *RUN, "students"]
GIVEN = ["predictions", "encoder", "params:evaluate"]
TOLD = ["examples", "encoder", "teachers", *RUN, "students"]
USED = ["params:student", "params:teacher.mode", "params:evaluate"]
TIMED = [*ASKED, "every_student", "student_curves", *USED]
FOUND = ["metrics", "statistics"]
SLICED = ["predictions", "examples", "encoder", "params:evaluate"]
SEEN = ["predictions", "examples", "encoder"]
KIN = [
    "examples",
    "encoder",
    "soft_labels",
    "students",
    "every_student",
    "statistics",
    "cost",
]
DRAWN = ["reliability", "confusion", "similarity"]
PARTS = [
    "students",
    "soft_labels",
    "teachers",
    "licence",
    "examples",
    "encoder",
    "data_report",
    "parameters",
]


# fmt: off
def create_pipeline(**_: object) -> Pipeline:
    """Return the stage: what the models answer, how good that is, and what it costs."""
    return pipeline([
        node(predict,         ASKED, "predictions", name="predict"),
        node(measure_quality, GIVEN, FOUND,         name="measure_quality"),
        node(draw_plots,      GIVEN, DRAWN,         name="draw_plots"),
        node(slice_tests,     SLICED, "slices",     name="slice_tests"),
        node(know_classes,    SEEN,  "dark_knowledge", name="know_classes"),
        node(part_examples,   SEEN,  "parted",      name="part_examples"),
        node(measure_cost,    TIMED, "cost",        name="measure_cost"),
        node(compare_students, KIN,  "family",      name="compare_students"),
        node(continue_texts,  TOLD,  "continuations", name="continue_texts"),
        node(trace_lineage,   PARTS, "lineage",     name="trace_lineage"),
    ])
# fmt: on
