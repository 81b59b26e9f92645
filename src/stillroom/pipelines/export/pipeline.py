"""Export: the student in, a directory that is ready to ship out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.export.nodes import export_student


def create_pipeline(**_: object) -> Pipeline:
    """Wire the stage."""
    return pipeline(
        [
            node(
                export_student,
                [
                    "students",
                    "examples",
                    "encoder",
                    "metrics",
                    "statistics",
                    "soft_labels",
                    "licence",
                    "lineage",
                    "alarms",
                    "parameters",
                    "params:export",
                ],
                ["exported_student", "parity"],
                name="export_student",
            ),
        ]
    )
