"""Ingest: raw data in; validated, de-duplicated, keyed, split examples out."""

from kedro.pipeline import Pipeline, node, pipeline

from stillroom.pipelines.ingest.nodes import ingest_examples


def create_pipeline(**_: object) -> Pipeline:
    """Return the stage as a pipeline."""
    return pipeline(
        [
            node(
                ingest_examples,
                ["params:data"],
                ["examples", "encoder", "data_report"],
                name="ingest_examples",
            ),
        ]
    )
