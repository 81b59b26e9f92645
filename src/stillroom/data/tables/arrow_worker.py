"""Arrow worker: a path in; the wanted columns as a plain Arrow stream on disk out.

process that reads ──path, request──> bounded process ──checked batches──> plain stream
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc

from stillroom.config.schema.data_schema import Limits
from stillroom.data.files.input_file import open_input
from stillroom.data.tables.arrow_reader import arrow_errors, open_arrow
from stillroom.data.tables.table_request import TableRequest

DESCRIPTION = b"huggingface"


def request_document(request: TableRequest) -> dict[str, Any]:
    """Return a request as values for JSON, for `unpack`."""
    return {
        "part": request.part,
        "wanted": list(request.wanted),
        "optional": sorted(request.optional),
        "hints": dict(request.hints),
        "limits": asdict(request.limits),
    }


def unpack(path: str, document: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Write the wanted columns of a file into `target`, an Arrow stream.

    Returns:
        `sha256` of the file, `names`, the name of each wanted column in the file, and `notices`.

    Raises:
        DataError: the file is damaged, lacks a column, or costs more than allowed.
    """
    request = TableRequest(
        part=document["part"],
        wanted=tuple(document["wanted"]),
        optional=frozenset(document["optional"]),
        hints=document["hints"],
        limits=Limits(**document["limits"]),
    )
    with (
        open_input(Path(path), request.part, request.limits) as file,
        arrow_errors(request.part),
    ):
        opened = open_arrow(file, request.within(file))
        with pa.OSFile(target, "wb") as sink:
            _write(opened.schema, opened.batches, sink, [*opened.names.values()])
    notices = [[notice.kind, notice.text] for notice in request.notices]
    return {"sha256": file.sha256, "names": opened.names, "notices": notices}


def _write(schema: Any, batches: Any, sink: Any, names: list[str]) -> None:
    known = {key: text for key, text in (schema.metadata or {}).items() if key == DESCRIPTION}
    writer = None
    for batch in batches:
        plain = batch.schema.with_metadata(known)
        writer = writer or pa.ipc.new_stream(sink, plain)
        writer.write_batch(batch.replace_schema_metadata(known))
    if writer is None:
        fields = [schema.field(name) for name in names]
        writer = pa.ipc.new_stream(sink, pa.schema(fields, metadata=known))
    writer.close()
