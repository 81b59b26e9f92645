"""Nodes of ingest: they call the domain and hand plain values to the catalog.

Types of the outputs are built-in ones: Kedro resolves the hints of a node when it lists pipelines,
and polars would make that slow.
"""

from typing import Any

from stillroom.config.schema import Data


def read_examples(data: Data) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return the examples (polars.DataFrame), the encoder and the report, both as JSON values.

    Raises:
        DataError: the data cannot be used; nothing is written.
    """
    from stillroom.data.ingest import ingest
    from stillroom.io.paths import project_root

    ingested = ingest(data, project_root())
    return ingested.examples, ingested.encoder.to_json(), ingested.report.to_json()
