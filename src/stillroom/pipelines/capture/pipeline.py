"""Capture: examples and teachers in, soft labels out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.capture.nodes import answer, refer_to_teachers, verify


def create_pipeline(**_: object) -> Pipeline:
    """Wire the stage.

    Only `verify` yields soft labels, so nothing downstream skips it; `answer` takes the licence, so
    no teacher is asked without.
    """
    return pipeline(
        [
            node(
                refer_to_teachers,
                ["teachers", "params:teacher.dtype", "params:teacher.device_map"],
                "teacher_refs",
                name="refer_to_teachers",
            ),
            node(
                answer,
                ["examples", "encoder", "teacher_refs", "licence", "params:softlabels"],
                "unverified_labels",
                name="answer",
            ),
            node(
                verify,
                ["unverified_labels", "examples", "encoder", "teacher_refs", "params:softlabels"],
                "soft_labels",
                name="verify",
            ),
        ]
    )
