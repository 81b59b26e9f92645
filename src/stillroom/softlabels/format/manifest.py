"""The manifest: the one file that says what a soft-label set consists of.

    Manifest ──to_json──> manifest.json ──from_json, checked──> Manifest

Its rename is the only commit: what is not in the manifest does not exist.
"""

import builtins
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from stillroom.errors import SoftLabelError
from stillroom.io.files.hashing import sha256_bytes, sha256_json
from stillroom.io.json.json_files import write_json
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.format.fingerprint import AGAIN, Capture, set_fingerprint

FORMAT: Literal["stillroom-soft-labels/3"] = "stillroom-soft-labels/3"
MANIFEST = "manifest.json"
SHARDS = "shards"
# 100,000 shards take 15 MB; what is larger was not written by a store.
MOST_BYTES = 64 << 20
# Parsing takes 800 bytes for each "[]", and a record of each mistake more: 2.4 GB for 3 MB of JSON.
# 100,000 shards have half as many values.
MOST_VALUES = 1_000_000
MOST_MISTAKES = 100
_STRICT = ConfigDict(extra="forbid", strict=True)
T = TypeVar("T")


@checked(frozen=True, kw_only=True, config=_STRICT)
class Shard:
    """One file: named by its content, with its hash, size and number of rows."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]
    rows: Annotated[int, Field(ge=1)]

    @property
    def name(self) -> str:
        """The file's name in the folder of shards."""
        return f"{self.sha256[:32]}.parquet"

    @classmethod
    def of(cls, content: builtins.bytes, rows: int) -> "Shard":
        """Describe a shard's bytes."""
        return cls(sha256=sha256_bytes(content), bytes=len(content), rows=rows)


@checked(frozen=True, kw_only=True, config=_STRICT)
class MemberShards:
    """One teacher's part of a set: whose answers, what they leave out, in which files, in order."""

    capture: Capture
    bias: str
    shards: Annotated[tuple[Shard, ...], Field(min_length=1)]

    @property
    def rows(self) -> int:
        """How many rows the files hold."""
        return sum(shard.rows for shard in self.shards)


@checked(frozen=True, kw_only=True, config=_STRICT)
class Manifest:
    """A set: whose answers, combined how, over which classes.

    Attributes:
        classes: how many.
        class_names: their names in order; None for a vocabulary of tokens.
        checksum: SHA-256 over all the rest, since a flipped bit can be another valid value.
    """

    format: Literal["stillroom-soft-labels/3"]
    fingerprint: str
    codec: str
    classes: Annotated[int, Field(ge=2)]
    class_names: tuple[str, ...] | None
    combination: Combination
    members: Annotated[tuple[MemberShards, ...], Field(min_length=1)]
    checksum: str = ""

    @property
    def expected_checksum(self) -> str:
        """What the checksum is of a manifest that nothing has harmed."""
        return sha256_json(asdict(replace(self, checksum="")))

    @property
    def captures(self) -> tuple[Capture, ...]:
        """The members' captures, in order."""
        return tuple(member.capture for member in self.members)

    @property
    def rows(self) -> int:
        """How many rows each member has: examples, times their views and draws."""
        return self.members[0].rows

    @property
    def bytes(self) -> int:
        """The size of all shards."""
        return sum(shard.bytes for member in self.members for shard in member.shards)

    @property
    def content(self) -> str:
        """SHA-256 over the shards' hashes in order: which labels these are, to the bit."""
        return sha256_json([[shard.sha256 for shard in member.shards] for member in self.members])


def manifest_of(
    members: tuple[MemberShards, ...],
    combination: Combination,
    codec: str,
    classes: int,
    class_names: tuple[str, ...] | None,
) -> Manifest:
    """Return the manifest of some members' shards, with its fingerprint."""
    captures = tuple(member.capture for member in members)
    manifest = Manifest(
        format=FORMAT,
        fingerprint=set_fingerprint(captures, asdict(combination), codec),
        codec=codec,
        classes=classes,
        class_names=class_names,
        combination=combination,
        members=members,
    )
    return replace(manifest, checksum=manifest.expected_checksum)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Commit a set whose shards are already in place."""
    write_json(folder / MANIFEST, asdict(manifest))


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of the set in `folder`.

    Raises:
        SoftLabelError: it is missing, malformed, or its fingerprint or checksum is not that of
            its contents.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SoftLabelError(f"{path} does not exist. Run `kedro run --pipeline=capture` first.")
    manifest = parsed(path, Manifest)
    expected = set_fingerprint(manifest.captures, asdict(manifest.combination), manifest.codec)
    if manifest.fingerprint != expected:
        raise SoftLabelError(
            f"{path}: the fingerprint is not that of the captures it lists. {AGAIN}"
        )
    _require_equal_members(manifest, path)
    if manifest.checksum != manifest.expected_checksum:
        raise SoftLabelError(f"{path} is damaged: its checksum is not that of its content. {AGAIN}")
    return manifest


def parsed(path: Path, kind: type[T]) -> T:
    """Return a checked document of one of this package's dataclasses.

    Raises:
        SoftLabelError: it cannot be read, is too large, or is malformed; says where.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise SoftLabelError(f"{path} has {size:,} bytes; at most {MOST_BYTES:,} are read.")
        content = path.read_bytes()
        values = sum(map(content.count, (b",", b"[", b"{")))
        if values > MOST_VALUES:
            raise SoftLabelError(f"{path} has {values:,} values; at most {MOST_VALUES:,} are read.")
        found: T = TypeAdapter[Any](kind).validate_json(content)
    except OSError as error:
        raise SoftLabelError(f"{path} cannot be read: {error.strerror}. {AGAIN}") from error
    except ValidationError as error:
        raise SoftLabelError(f"{path}: {_first_mistake(error)}. {AGAIN}") from error
    return found


def _first_mistake(error: ValidationError) -> str:
    if error.error_count() > MOST_MISTAKES:
        return f"the document is malformed in {error.error_count():,} places"
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the document"
    return f"{where} is malformed: {first['msg']}"


def read_shard(path: Path, shard: Shard) -> builtins.bytes:
    """Return the bytes of a shard's file, once it was found to be as large as the manifest says.

    Raises:
        SoftLabelError: it has another size; a few blocks on the disk can claim any number of bytes.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size != shard.bytes and not path.is_dir():
        raise SoftLabelError(
            f"shard {path} is damaged: it has {size:,} bytes, and the manifest says "
            f"{shard.bytes:,}. {AGAIN}"
        )
    return path.read_bytes()


def _require_equal_members(manifest: Manifest, path: Path) -> None:
    """Check what the shards add up to; that they are the examples' own is for verify to say."""
    names = manifest.class_names
    if names is not None and len(names) != manifest.classes:
        raise SoftLabelError(f"{path}: {manifest.classes} classes have {len(names)} names. {AGAIN}")
    if len(manifest.combination.shares) != len(manifest.members):
        raise SoftLabelError(f"{path}: there are not as many shares as members. {AGAIN}")
    for number, member in enumerate(manifest.members):
        if member.rows != manifest.rows:
            raise SoftLabelError(
                f"{path}: member {number} has {member.rows} rows, and member 0 {manifest.rows}. "
                f"{AGAIN}"
            )
        files = Counter(shard.name for shard in member.shards)
        name, count = files.most_common(1)[0]
        if count > 1:
            raise SoftLabelError(f"{path}: a shard is listed twice: {name}. {AGAIN}")
