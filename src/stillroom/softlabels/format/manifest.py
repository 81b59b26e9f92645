"""The manifest: the file that lists everything in a soft-label set.

    Manifest ──write_manifest──> manifest.json ──read_manifest, with checks──> Manifest

The rename of this file is the only commit: a shard that the manifest does not name does not exist.
"""

import builtins
import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from stillroom.errors import SoftLabelError
from stillroom.io.files.hashing import sha256_bytes, sha256_json
from stillroom.io.json.json_files import write_json
from stillroom.io.json.validated_json import STRICT
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.fingerprint import RERUN, Capture, set_fingerprint
from stillroom.softlabels.format.sparsifier_values import BELOW

Format = Literal["stillroom-soft-labels/3", "stillroom-soft-labels/4", "stillroom-soft-labels/5"]
FORMAT: Format = "stillroom-soft-labels/3"
# Since format 4 the sparsifier `sample` has the key `samples`, which was `draws` before. Sets of
# other sparsifiers have no such key, are equal in both formats, and are written as format 3.
FORMAT_OF_SAMPLES: Format = "stillroom-soft-labels/4"
# Since format 5 a set names the examples that it was captured for.
FORMAT_OF_EXAMPLES: Format = "stillroom-soft-labels/5"
MANIFEST = "manifest.json"
SHARDS = "shards"
# 100,000 shards take 15 MB; no store writes a larger document.
MOST_BYTES = 64 << 20
# Parsing takes 800 bytes for each "[]", and more for a record of each mistake: 2.4 GB for 3 MB of
# JSON. 100,000 shards have half of this number of values.
MOST_VALUES = 1_000_000
MOST_MISTAKES = 100
T = TypeVar("T")


@checked(frozen=True, kw_only=True, config=STRICT)
class Shard:
    """A shard's file, which is named by its content: its hash, size and number of rows."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]
    rows: Annotated[int, Field(ge=1)]

    @property
    def name(self) -> str:
        """The name of the file in the folder of shards."""
        return f"{self.sha256[:32]}.parquet"

    @classmethod
    def of(cls, content: builtins.bytes, rows: int) -> "Shard":
        """Describe a shard's bytes."""
        return cls(sha256=sha256_bytes(content), bytes=len(content), rows=rows)


@checked(frozen=True, kw_only=True, config=STRICT)
class MemberShards:
    """One teacher's part of a set: the capture, its bias, and its shards in order."""

    capture: Capture
    bias: str
    shards: Annotated[tuple[Shard, ...], Field(min_length=1)]

    @property
    def rows(self) -> int:
        """The number of rows in the shards."""
        return sum(shard.rows for shard in self.shards)


@checked(frozen=True, kw_only=True, config=STRICT)
class Manifest:
    """A set: its members, their combination and the classes.

    Attributes:
        classes: the number of classes.
        class_names: their names in order; None for a vocabulary of tokens.
        examples: the digest of the examples, with their labels and splits; None in a set of a
            format before 5.
        checksum: SHA-256 over everything else, because a flipped bit can give another valid value.
    """

    format: Format
    fingerprint: str
    codec: str
    classes: Annotated[int, Field(ge=2)]
    class_names: tuple[str, ...] | None
    combination: Combination
    members: Annotated[tuple[MemberShards, ...], Field(min_length=1)]
    examples: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    checksum: str = ""

    @property
    def expected_checksum(self) -> str:
        """The checksum of an undamaged manifest."""
        return sha256_json(replace(self, checksum="").document())

    def document(self) -> dict[str, Any]:
        """Return the manifest under the keys of its format."""
        document: dict[str, Any] = asdict(self)
        if self.format != FORMAT_OF_EXAMPLES:
            del document["examples"]
        if self.format == FORMAT:
            for member in document["members"]:
                sparsifier = member["capture"]["sparsifier"]
                if "samples" in sparsifier:
                    sparsifier["draws"] = sparsifier.pop("samples")
        return document

    @property
    def captures(self) -> tuple[Capture, ...]:
        """The members' captures, in order."""
        return tuple(member.capture for member in self.members)

    @property
    def rows(self) -> int:
        """The number of rows of each member: examples times views times draws."""
        return self.members[0].rows

    @property
    def bytes(self) -> int:
        """The size of all shards."""
        return sum(shard.bytes for member in self.members for shard in member.shards)

    @property
    def content(self) -> str:
        """SHA-256 over the shards' hashes in order: identifies the labels to the bit."""
        return sha256_json([[shard.sha256 for shard in member.shards] for member in self.members])


def manifest_of(
    members: tuple[MemberShards, ...],
    combination: Combination,
    codec: str,
    classes: int,
    class_names: tuple[str, ...] | None,
    examples: str | None = None,
) -> Manifest:
    """Return the manifest of some members' shards, with its fingerprint."""
    captures = tuple(member.capture for member in members)
    manifest = Manifest(
        format=_format_of(captures, examples),
        fingerprint=set_fingerprint(captures, asdict(combination), codec),
        codec=codec,
        classes=classes,
        class_names=class_names,
        combination=combination,
        members=members,
        examples=examples,
    )
    return replace(manifest, checksum=manifest.expected_checksum)


def _format_of(captures: tuple[Capture, ...], examples: str | None) -> Format:
    """Return the oldest format that can hold a set."""
    if examples is not None:
        return FORMAT_OF_EXAMPLES
    return FORMAT_OF_SAMPLES if any(map(has_key_of_samples, captures)) else FORMAT


def has_key_of_samples(capture: Capture) -> bool:
    """Return whether the sparsifier has the key that older formats call `draws`."""
    return "samples" in capture.sparsifier.values()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Commit a set whose shards are already in place."""
    write_json(folder / MANIFEST, manifest.document())


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of the set in `folder`.

    Raises:
        SoftLabelError: it is missing or malformed, or its fingerprint or checksum does not fit its
            content.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SoftLabelError(f"{path} does not exist. Run `kedro run --pipeline=capture` first.")
    manifest = read_document(path, Manifest)
    _require_keys_of_format(manifest, path)
    expected = set_fingerprint(manifest.captures, asdict(manifest.combination), manifest.codec)
    if manifest.fingerprint != expected:
        raise SoftLabelError(
            f"{path}: the fingerprint is not that of the captures it lists. {RERUN}"
        )
    _require_equal_members(manifest, path)
    if manifest.checksum != manifest.expected_checksum:
        raise SoftLabelError(f"{path} is damaged: its checksum is not that of its content. {RERUN}")
    return manifest


def read_document(path: Path, kind: type[T]) -> T:
    """Read and check a JSON document of one of this package's dataclasses.

    Raises:
        SoftLabelError: it cannot be read, is too large, or is malformed; the error names the place.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise SoftLabelError(f"{path} has {size:,} bytes; at most {MOST_BYTES:,} are read.")
        content = path.read_bytes()
        values = sum(map(content.count, (b",", b"[", b"{")))
        if values > MOST_VALUES:
            raise SoftLabelError(f"{path} has {values:,} values; at most {MOST_VALUES:,} are read.")
        document: T = TypeAdapter[Any](kind).validate_json(content)
    except OSError as error:
        raise SoftLabelError(f"{path} cannot be read: {error.strerror}. {RERUN}") from error
    except ValidationError as error:
        raise SoftLabelError(f"{path}: {_first_mistake(error)}. {RERUN}") from error
    return document


def _first_mistake(error: ValidationError) -> str:
    if error.error_count() > MOST_MISTAKES:
        return f"the document is malformed in {error.error_count():,} places"
    first = error.errors(include_url=False, include_input=False)[0]
    below = first.get("ctx", {}).get(BELOW)
    where = ".".join(map(str, [*first["loc"], *([below] if below else [])])) or "the document"
    return f"{where} is malformed: {first['msg']}"


def read_shard(path: Path, shard: Shard) -> builtins.bytes:
    """Return the bytes of a shard's file, after a check of its size against the manifest.

    The check comes first, because a sparse file of a few disk blocks can have any size.

    Raises:
        SoftLabelError: the file has another size.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    if size != shard.bytes and not path.is_dir():
        raise SoftLabelError(
            f"shard {path} is damaged: it has {size:,} bytes, but the manifest says "
            f"{shard.bytes:,}. {RERUN}"
        )
    return path.read_bytes()


def _require_keys_of_format(manifest: Manifest, path: Path) -> None:
    """Refuse the keys of another format, which the parser accepts in each."""
    written = json.loads(path.read_bytes())
    has_examples = manifest.format == FORMAT_OF_EXAMPLES
    if ("examples" in written) != has_examples or (manifest.examples is None) == has_examples:
        raise SoftLabelError(
            f"{path}: {manifest.format} {'has' if has_examples else 'does not have'} the key "
            f"examples. {RERUN}"
        )
    members = written["members"]
    for member, expected in zip(members, manifest.document()["members"], strict=True):
        keys, of_format = (one["capture"]["sparsifier"].keys() for one in (member, expected))
        if keys != of_format:
            raise SoftLabelError(
                f"{path}: a sparsifier has the keys {', '.join(sorted(keys))}, and "
                f"{manifest.format} has {', '.join(sorted(of_format))}. {RERUN}"
            )


def _require_equal_members(manifest: Manifest, path: Path) -> None:
    """Check the numbers in a manifest; verify checks that the rows belong to the examples."""
    names = manifest.class_names
    if names is not None and len(names) != manifest.classes:
        raise SoftLabelError(f"{path}: {manifest.classes} classes have {len(names)} names. {RERUN}")
    if len(manifest.combination.shares) != len(manifest.members):
        raise SoftLabelError(
            f"{path}: {len(manifest.members)} members have {len(manifest.combination.shares)} "
            f"shares. {RERUN}"
        )
    for number, member in enumerate(manifest.members):
        if member.rows != manifest.rows:
            raise SoftLabelError(
                f"{path}: member {number} has {member.rows} rows, but member 0 has "
                f"{manifest.rows}. "
                f"{RERUN}"
            )
        files = Counter(shard.name for shard in member.shards)
        name, count = files.most_common(1)[0]
        if count > 1:
            raise SoftLabelError(f"{path}: a shard is listed twice: {name}. {RERUN}")
