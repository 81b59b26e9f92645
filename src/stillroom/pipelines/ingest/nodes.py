"""Nodes of ingest: call the domain, and write its results into new folders."""

from pathlib import Path
from typing import Any

from stillroom.config.schema.data_schema import Data
from stillroom.data.sources.source_registry import REGISTRY


def ingest_examples(data: Data) -> tuple[Path, Path, dict[str, Any]]:
    """Return the folders of the examples and of their encoder, and the report as JSON values.

    Raises:
        DataError: the data cannot be used; earlier results stay.
    """
    from stillroom.data.encoders import write_encoder
    from stillroom.io.files.confined_paths import project_root
    from stillroom.io.files.workspace import new_workspace
    from stillroom.io.tables import write_parts

    root = project_root()
    is_text = REGISTRY.load(data.source).gives == "running_text"
    frames, encoder, report = _of_corpus(data, root) if is_text else _of(data, root)
    examples, folder = new_workspace(root, "examples"), new_workspace(root, "encoder")
    write_parts(frames, examples)
    write_encoder(encoder, folder)
    return examples, folder, report()


def _of(data: Data, root: Path) -> Any:
    from stillroom.data.ingest.ingest_examples import ingest

    ingested = ingest(data, root)
    return [ingested.examples], ingested.encoder, ingested.report.to_json


def _of_corpus(data: Data, root: Path) -> Any:
    from stillroom.data.ingest.ingest_corpus import CorpusIngest

    ingested = CorpusIngest.of(data, root)
    return ingested.frames(), ingested.encoder, ingested.report
