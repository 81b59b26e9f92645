"""Evaluate: students, teachers' soft labels and the test split in, metrics and plots out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.evaluate.nodes import measure_cost, measure_quality, predict


def create_pipeline(**_: object) -> Pipeline:
 """Return the stage: what the models answer, how good that is, and what it costs."""
    return pipeline([
        node(predict,         ["examples", "encoder", "soft_labels", "students"], "predictions",                                          name="predict"),
        node(measure_quality, ["predictions", "encoder", "params:evaluate"],                  ["metrics", "reliability", "confusion", "similarity"],  name="measure_quality"),
        node(measure_cost,    ["examples", "encoder", "teachers", "students", "params:evaluate"], "cost",                                             name="measure_cost"),
    ])
