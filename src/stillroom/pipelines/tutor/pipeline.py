"""Tutor: examples in, trained teachers out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.tutor.nodes import tutor_teachers


def create_pipeline(**_: object) -> Pipeline:
    """Wire the stage."""
    return pipeline(
        [
            node(
                tutor_teachers,
                ["examples", "encoder", "params:teacher", "params:trainer"],
                ["teachers", "teacher_curves"],
                name="tutor_teachers",
            ),
        ]
    )
