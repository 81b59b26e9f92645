"""Ingest: raw data in; validated, de-duplicated, keyed, split examples out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.ingest.nodes import check_data, ingest_examples


def create_pipeline(**_: object) -> Pipeline:
    """Return the stage as a pipeline.

    `data_alarms` is an input of what trains teachers, so a stop comes before that.
    """
    return pipeline(
        [
            node(
                ingest_examples,
                ["params:data"],
                ["examples", "encoder", "data_report"],
                name="ingest_examples",
            ),
            node(
                check_data,
                ["examples", "encoder", "data_report", "params:data", "params:evaluate.sanity"],
                "data_alarms",
                name="check_data",
            ),
        ]
    )
