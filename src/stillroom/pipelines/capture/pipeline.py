"""Capture: examples and teachers in, soft labels out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.capture.nodes import capture, check_teachers, refer_to_teachers, verify


# fmt: off
def create_pipeline(**_: object) -> Pipeline:
    """Wire the stage.

    Only `verify` outputs `soft_labels`, so no later stage can skip it. `capture` takes the licence
    as an input, so no teacher runs without one, and the alarms, so no teacher at chance answers
    everything.
    """
    return pipeline([
        node(refer_to_teachers,
             ["teachers", "params:teacher.dtype", "params:teacher.device_map"],
             "teacher_refs", name="refer_to_teachers"),
        node(check_teachers,
             ["examples", "encoder", "teacher_refs", "licence", "data_alarms", "params:softlabels",
              "params:evaluate.sanity"],
             "teacher_alarms", name="check_teachers"),
        node(capture,
             ["examples", "encoder", "teacher_refs", "licence", "teacher_alarms",
              "params:softlabels", "params:evaluate.sanity"],
             "unverified_labels", name="capture"),
        node(verify,
             ["unverified_labels", "examples", "encoder", "teacher_refs", "teacher_alarms",
              "params:softlabels", "params:evaluate.sanity"],
             "soft_labels", name="verify"),
    ])
# fmt: on
