"""Nodes of ingest: call the domain, and write its results into new folders."""

from pathlib import Path
from typing import Any

from stillroom.config.schema.data_schema import Data
from stillroom.config.schema.run_schema import Sanity
from stillroom.data.sources.source_registry import REGISTRY
from stillroom.io.tables import TableFile


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
    read = {"examples": _of, "running_text": _of_corpus, "conversations": _of_conversations}
    frames, encoder, report = read[REGISTRY.load(data.source).gives](data, root)
    examples, folder = new_workspace(root, "examples"), new_workspace(root, "encoder")
    write_parts(frames, examples)
    write_encoder(encoder, folder)
    return examples, folder, report()


def check_data(
    examples: TableFile, encoder: Path, data_report: dict[str, Any], data: Data, sanity: Sanity
) -> list[dict[str, Any]]:
    """Print what was read, and return the alarms about it.

    It does not stop at them: the examples are written by now, and the document of an earlier run
    would stand beside them.
    """
    from stillroom.assess.sanity.alarm import to_json
    from stillroom.assess.sanity.data_alarms import data_alarms
    from stillroom.data.encoders import read_encoder
    from stillroom.io.terminal import Terminal
    from stillroom.reporting.data.data_summary import data_summary
    from stillroom.reporting.data.data_table import print_data_table

    alarms = data_alarms(examples, read_encoder(encoder), data_report, data)
    # At a stop the error says the same, below the table.
    said = [alarm.sentence for alarm in alarms] if sanity == "warn" else []
    print_data_table(data_summary(data_report), said, Terminal())
    return to_json(alarms)


def stop_at_data_alarms(data_alarms: list[dict[str, Any]], sanity: Sanity) -> None:
    """Stop at an alarm after the document was written.

    Raises:
        SanityError: there is an alarm, and `evaluate.sanity` is stop.
    """
    from stillroom.assess.sanity.alarm import from_json, require_none

    require_none(from_json(data_alarms), sanity)


def _of(data: Data, root: Path) -> Any:
    from stillroom.data.ingest.ingest_examples import ingest

    ingested = ingest(data, root)
    return [ingested.examples], ingested.encoder, ingested.report.to_json


def _of_corpus(data: Data, root: Path) -> Any:
    from stillroom.data.ingest.ingest_corpus import CorpusIngest

    ingested = CorpusIngest.of(data, root)
    return ingested.frames(), ingested.encoder, ingested.report


def _of_conversations(data: Data, root: Path) -> Any:
    from stillroom.data.ingest.ingest_chat import ChatIngest

    ingested = ChatIngest.of(data, root)
    return ingested.frames(), ingested.encoder, ingested.report
