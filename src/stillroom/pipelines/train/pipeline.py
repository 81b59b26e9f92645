"""Train: examples and soft labels in, the student and its control out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.train.nodes import train_students


def create_pipeline(**_: object) -> Pipeline:
    """Wire the stage."""
    return pipeline(
        [
            node(
                train_students,
                [
                    "examples",
                    "encoder",
                    "soft_labels",
                    "teachers",
                    "params:softlabels",
                    "params:student",
                    "params:objective",
                    "params:teacher.mode",
                    "params:teacher.dtype",
                    "params:teacher.device_map",
                    "params:evaluate.seeds",
                    "params:evaluate.full_logits",
                    "params:trainer",
                    "data_alarms",
                    "teacher_alarms",
                    "params:evaluate.sanity",
                ],
                ["students", "student_curves"],
                name="train_students",
            ),
        ]
    )
