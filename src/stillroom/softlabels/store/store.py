"""The store: keeps finished shards across runs, by capture and chunk, so none is captured twice.

    store/captures/<capture fingerprint>/
        manifest.json     the capture, ingredient by ingredient, and its shards; a rename commits it
        shards/<hash of the content>.parquet
        lock              held while a shard is committed
    store/in_use          shared by all running captures; gc needs it exclusively

A shard that the manifest does not name does not exist. A shard's bytes are hashed on each use. A
damaged shard is removed from the manifest, and its rows are captured again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from stillroom.errors import SoftLabelError
from stillroom.io.files.atomic_file import TEMPORARY_SUFFIX, write_bytes
from stillroom.io.files.locking import locked, shared
from stillroom.io.json.json_files import write_json
from stillroom.io.json.validated_json import STRICT
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.manifest import (
    MANIFEST,
    SHARDS,
    Shard,
    has_key_of_samples,
    read_document,
    read_shard,
)

Format = Literal["stillroom-store/1", "stillroom-store/2"]
FORMAT: Format = "stillroom-store/1"
# Since version 2 the sparsifier `sample` has the key `samples`, which was `draws` before. Captures
# of other sparsifiers have no such key and are written as version 1.
FORMAT_OF_SAMPLES: Format = "stillroom-store/2"
CAPTURES = "captures"
LOCK = "lock"
IN_USE = "in_use"

logger = logging.getLogger(__name__)


@checked(frozen=True, kw_only=True, config=STRICT)
class StoredCapture:
    """The manifest of one capture in the store.

    Attributes:
        codec: the one that encoded every shard.
        shards: each shard under the key of its chunk.
    """

    format: Format
    capture: Capture
    codec: str
    shards: dict[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], Shard]


class CaptureStore:
    """The shards of one capture. Several processes may use them at the same time."""

    def __init__(self, folder: Path, capture: Capture, codec: str) -> None:
        """Use `folder`, which the first commit creates."""
        self.folder, self.capture, self.codec = folder, capture, codec
        self._cached: tuple[tuple[int, ...], dict[str, Shard]] | None = None

    def path(self, shard: Shard) -> Path:
        """Return the path of a shard's file."""
        return self.folder / SHARDS / shard.name

    def shards(self) -> dict[str, Shard]:
        """Return the committed shards by chunk key; none if the manifest is of another capture.

        If the manifest is malformed, the shards are recovered from their files.
        """
        signature = self._signature()
        if self._cached is None or self._cached[0] != signature:
            self._cached = (signature, self._read_shards())
        return self._cached[1]

    def _signature(self) -> tuple[int, ...]:
        """Return values that change with every commit: each one renames a new manifest."""
        try:
            stat = (self.folder / MANIFEST).stat()
        except OSError:
            return ()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _read_shards(self) -> dict[str, Shard]:
        if not (self.folder / MANIFEST).exists():
            return {}
        try:
            stored = read_capture(self.folder)
        except SoftLabelError as error:
            _raise_unread(error)
            logger.warning("%s Its shards are read to find out what they hold.", error)
            return self._recovered_shards()
        if stored.capture != self.capture or stored.codec != self.codec:
            logger.warning("%s belongs to another capture or codec. It is replaced.", self.folder)
            return {}
        return stored.shards

    def _recovered_shards(self) -> dict[str, Shard]:
        """Return the shards whose names fit their bytes, each under its own hash as the key.

        No chunk has such a key. The row index finds their rows one by one, and each row states
        which capture it belongs to.
        """
        recovered = {}
        for path in sorted((self.folder / SHARDS).glob("*.parquet")):
            shard = shard_of_file(path)
            if shard is not None and shard.name == path.name:
                recovered[shard.sha256] = shard
        return recovered

    def find(self, chunk_key: str) -> tuple[Shard, bytes] | None:
        """Return the shard of a chunk and its bytes, or None if it is missing or damaged."""
        shard = self.shards().get(chunk_key)
        if shard is None:
            return None
        content = self.read(shard)
        if content is None:
            self.drop(chunk_key)
            return None
        return shard, content

    def read(self, shard: Shard) -> bytes | None:
        """Return a shard's bytes; None, after a warning, if they do not fit the manifest."""
        try:
            content = read_shard(self.path(shard), shard)
        except OSError as error:
            logger.warning(
                "shard %s cannot be read (%s). Its rows are captured again.",
                self.path(shard),
                error,
            )
            return None
        except SoftLabelError:  # its size is wrong
            content = b""
        if not content or Shard.of(content, shard.rows) != shard:
            logger.warning("shard %s is damaged. Its rows are captured again.", self.path(shard))
            return None
        return content

    def commit(self, chunk_key: str, content: bytes, rows: int) -> Shard:
        """Store a shard; other processes can use it as soon as this returns.

        Raises:
            OSError: the filesystem failed. The shards that were committed before are unchanged.
        """
        shard = Shard.of(content, rows)
        with locked(self.folder / LOCK):
            self._sweep()
            write_bytes(self.path(shard), content)
            self._write({**self.shards(), chunk_key: shard})
        return shard

    def drop(self, chunk_key: str) -> None:
        """Remove the shard of a chunk from the manifest."""
        with locked(self.folder / LOCK):
            self._write({key: s for key, s in self.shards().items() if key != chunk_key})

    def keep_only(self, shards: dict[str, Shard]) -> None:
        """Remove all other shards from the manifest."""
        with locked(self.folder / LOCK):
            self._write(shards)

    def _write(self, shards: dict[str, Shard]) -> None:
        stored = StoredCapture(
            format=FORMAT_OF_SAMPLES if has_key_of_samples(self.capture) else FORMAT,
            capture=self.capture,
            codec=self.codec,
            shards=shards,
        )
        write_json(self.folder / MANIFEST, asdict(stored))

    def _sweep(self) -> None:
        """Remove temporary files. This process holds the lock, so no other process writes them."""
        for folder in (self.folder, self.folder / SHARDS):
            for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):
                leftover.unlink(missing_ok=True)


class Store:
    """The captures below one folder."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which may not exist yet."""
        self.folder = folder

    def of(self, capture: Capture, codec: str) -> CaptureStore:
        """Return the store of one capture."""
        return CaptureStore(self.folder / CAPTURES / capture.fingerprint, capture, codec)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Block `gc` inside the `with` statement; any number of processes may do so at once."""
        with shared(self.folder / IN_USE):
            yield

    def captures(self) -> Iterator[tuple[Path, StoredCapture]]:
        """Yield each well-formed capture with its folder, in the order of the folders' names.

        Raises:
            OSError: a manifest exists but cannot be read; it may hold a solved tau.
        """
        root = self.folder / CAPTURES
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            try:
                yield folder, read_capture(folder)
            except SoftLabelError as error:
                _raise_unread(error)
                logger.warning("%s", error)


def _raise_unread(error: SoftLabelError) -> None:
    """Raise the filesystem's error if it is the reason why a manifest was not read.

    An unread manifest may be valid. Only a manifest that was read and is wrong may be replaced.
    """
    cause = error.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError | NotADirectoryError):
        raise cause from None


def shard_of_file(path: Path) -> Shard | None:
    """Return the manifest's entry for a shard's file; None if the file is not Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    try:
        return Shard.of(content, pq.read_metadata(pa.BufferReader(content)).num_rows)
    except (pa.ArrowException, ValueError):
        return None


def read_capture(folder: Path) -> StoredCapture:
    """Read and check the manifest of a capture's folder.

    Raises:
        SoftLabelError: it is missing or malformed, or its capture is not that of the folder.
    """
    stored = read_document(folder / MANIFEST, StoredCapture)
    if stored.capture.fingerprint != folder.name:  # a flipped bit can be another valid value
        raise SoftLabelError(
            f"{folder / MANIFEST} is damaged: its capture is not that of its folder."
        )
    return stored
