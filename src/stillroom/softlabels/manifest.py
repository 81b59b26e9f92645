"""The manifest: the one file that says what a soft-label set consists of.

    Manifest ──to_json──> manifest.json ──from_json, checked──> Manifest

Its rename is the only commit: what is not in the manifest does not exist.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from stillroom.errors import SoftLabelError
from stillroom.io.atomic import write_text
from stillroom.io.hashing import sha256_json
from stillroom.softlabels.fingerprint import Capture, set_fingerprint

FORMAT: Literal["stillroom-soft-labels/1"] = "stillroom-soft-labels/1"
MANIFEST = "manifest.json"
SHARDS = "shards"
_STRICT = ConfigDict(extra="forbid", strict=True)


@checked(frozen=True, kw_only=True, config=_STRICT)
class Shard:
    """One file: its name (no folders), hash, size, and which rows it holds."""

    name: Annotated[str, Field(pattern=r"^[0-9a-z-]+\.parquet$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]
    rows: Annotated[int, Field(ge=1)]
    member: Annotated[int, Field(ge=0, le=255)]


@checked(frozen=True, kw_only=True, config=_STRICT)
class Manifest:
    """A set: whose answers, over how many examples and which classes in order, in which files."""

    format: Literal["stillroom-soft-labels/1"]
    fingerprint: str
    captures: tuple[Capture, ...]
    combination: Literal["mean_probability"]
    codec: str
    bias: str
    examples: Annotated[int, Field(ge=1)]
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    shards: tuple[Shard, ...]

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which log Z was captured."""
        return self.captures[0].temperatures

    @property
    def count(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @property
    def content(self) -> str:
        """SHA-256 over the shards' hashes in order: which labels these are, to the bit."""
        return sha256_json([shard.sha256 for shard in self.shards])


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Commit a set whose shards are already in place."""
    import json

    write_text(folder / MANIFEST, json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of the set in `folder`.

    Raises:
        SoftLabelError: it is missing, malformed, or its fingerprint is not that of its contents.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SoftLabelError(f"{path} does not exist. Run `kedro run --pipeline=teach` first.")
    try:
        manifest = TypeAdapter(Manifest).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise SoftLabelError(f"{path}: {where} is malformed: {first['msg']}") from error
    _require_every_row_once(manifest, path)
    expected = set_fingerprint(manifest.captures, manifest.combination, manifest.codec)
    if manifest.fingerprint != expected or not manifest.captures:
        raise SoftLabelError(f"{path}: the fingerprint is not that of the captures it lists.")
    return manifest


def _require_every_row_once(manifest: Manifest, path: Path) -> None:
    """Check that the shards add up: for each member as many rows as there are examples."""
    rows = dict.fromkeys(range(len(manifest.captures)), 0)
    for shard in manifest.shards:
        rows[shard.member] = rows.get(shard.member, 0) + shard.rows
    for member, count in rows.items():
        if count != manifest.examples:
            raise SoftLabelError(
                f"{path}: member {member} has {count} rows, and there are {manifest.examples} "
                "examples. Run `kedro run --pipeline=teach` to make the set anew."
            )
    if len({shard.name for shard in manifest.shards}) != len(manifest.shards):
        raise SoftLabelError(f"{path}: a shard is listed twice.")
