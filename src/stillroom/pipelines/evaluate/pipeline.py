"""Evaluate: students, teachers' soft labels and the test split in, metrics and plots out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.evaluate.nodes import (
    continue_texts,
    measure_cost,
    measure_quality,
    predict,
)

RUN = ["params:teacher.dtype", "params:teacher.device_map"]
ASKED = ["examples", "encoder", "soft_labels", "teachers", *RUN, "students"]
GIVEN = ["predictions", "encoder", "params:evaluate"]
TOLD = ["examples", "encoder", "teachers", *RUN, "students"]
TIMED = ["examples", "encoder", "teachers", *RUN, "students", "params:evaluate"]
FOUND = ["metrics", "reliability", "confusion", "similarity"]


# fmt: off
def create_pipeline(**_: object) -> Pipeline:
    """Return the stage: what the models answer, how good that is, and what it costs."""
    return pipeline([
        node(predict,         ASKED, "predictions", name="predict"),
        node(measure_quality, GIVEN, FOUND,         name="measure_quality"),
        node(measure_cost,    TIMED, "cost",        name="measure_cost"),
        node(continue_texts,  TOLD,  "continuations", name="continue_texts"),
    ])
# fmt: on
