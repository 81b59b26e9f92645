"""The record beside a fetched model: which commit of which repository it is, and its hashes.

    FetchRecord ──write_record──> models/owner--name/.fetched_from_hub.json
    folder ───────read_record───> FetchRecord, or None for a model from elsewhere

The file is hidden, so it is no part of the model: no digest of the model covers it, and no copy of
the model has it.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import HubId
from stillroom.errors import ModelError
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import STRICT
from stillroom.models.hub.file_hash import has_hash
from stillroom.models.pretrained.own_files import own_file

RECORD = ".fetched_from_hub.json"
MOST_BYTES = 1 << 22
Hash = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|git-sha1:[0-9a-f]{40})$")]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FetchRecord:
    """Where a model comes from.

    Attributes:
        repository: owner/name.
        commit: 40 hexadecimal digits.
        files: the hash of each file by its name, as the Hub has it.
    """

    repository: HubId
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    files: dict[str, Hash]
    format: Literal["stillroom-fetch/1"] = "stillroom-fetch/1"


def write_record(folder: Path, record: FetchRecord) -> None:
    """Write the record into the folder of a model."""
    write_json(folder / RECORD, asdict(record))


def read_record(folder: Path) -> FetchRecord | None:
    """Return the record of a model; None if there is none.

    Raises:
        ModelError: the record is damaged, or a link to another place.
        DataError: it is not JSON.
    """
    if not (folder / RECORD).exists():
        return None
    document = read_json(own_file(folder / RECORD, folder), most=MOST_BYTES)
    try:
        # Through JSON: in strict mode Python's values would not be accepted for a dataclass.
        record: FetchRecord = TypeAdapter(FetchRecord).validate_json(json.dumps(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise ModelError(
            f"{folder / RECORD}: {where} is malformed: {first['msg']}. Delete the file, or fetch "
            "the model again."
        ) from None
    return record


def changed_file(folder: Path, record: FetchRecord) -> str | None:
    """Return the name of a file that is missing or not as it was fetched; None if all are."""
    for name, file_hash in record.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            return name
        if not has_hash(path, file_hash):
            return name
    return None
