"""Teachers: examples in, teachers out, each with the licence that lets it teach."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.teachers.nodes import check_licence, train_teachers


def create_pipeline(**_: object) -> Pipeline:
    """Wire the stage. The licence and the alarms come first: a refusal costs no forward pass."""
    return pipeline(
        [
            node(
                check_licence,
                ["params:teacher", "params:teachers"],
                "licence",
                name="check_licence",
            ),
            node(
                train_teachers,
                [
                    "examples",
                    "encoder",
                    "licence",
                    "data_alarms",
                    "params:teacher",
                    "params:teachers",
                    "params:trainer",
                    "params:evaluate.sanity",
                ],
                ["teachers", "teacher_curves"],
                name="train_teachers",
            ),
        ]
    )
