"""Ingest: raw data in; validated, de-duplicated, keyed, split examples out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.ingest.nodes import check_data, ingest_examples, stop_at_data_alarms


def create_pipeline(**_: object) -> Pipeline:
    """Return the stage as a pipeline.

    `data_alarms` is an input of all that spends later, and each of those stops at it too.
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
            node(
                stop_at_data_alarms,
                ["data_alarms", "params:evaluate.sanity"],
                None,
                name="stop_at_data_alarms",
            ),
        ]
    )
