"""The store: finished shards by capture and by what they were asked for; what was paid for once.

    store/captures/<capture fingerprint>/
        manifest.json     the capture, ingredient by ingredient, and its shards; its rename commits
        shards/<hash of the content>.parquet
        lock              held while a shard is committed or the store is swept
    store/in_use          shared by whoever captures; gc wants it alone

What the manifest does not name does not exist. A shard's bytes are hashed each time it is used;
one that is damaged is dropped from the manifest, and its rows are asked for anew.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from stillroom.errors import SoftLabelError
from stillroom.io.files.atomic import TEMPORARY_SUFFIX, write_bytes
from stillroom.io.files.locking import locked, shared
from stillroom.io.json.json_files import write_json
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS, Shard, parsed, read_shard

FORMAT: Literal["stillroom-store/1"] = "stillroom-store/1"
CAPTURES = "captures"
LOCK = "lock"
IN_USE = "in_use"
_STRICT = ConfigDict(extra="forbid", strict=True)

logger = logging.getLogger(__name__)


@checked(frozen=True, kw_only=True, config=_STRICT)
class Kept:
    """What one capture has in the store.

    Attributes:
        codec: by which every shard was encoded.
        shards: by the key of the block that each answers.
    """

    format: Literal["stillroom-store/1"]
    capture: Capture
    codec: str
    shards: dict[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], Shard]


class CaptureStore:
    """The shards of one capture. Several processes may use one at a time."""

    def __init__(self, folder: Path, capture: Capture, codec: str) -> None:
        """Stand for `folder`, which the first commit makes."""
        self.folder, self.capture, self.codec = folder, capture, codec
        self._seen: tuple[tuple[int, ...], dict[str, Shard]] | None = None

    def path(self, shard: Shard) -> Path:
        """Where a shard lies."""
        return self.folder / SHARDS / shard.name

    def shards(self) -> dict[str, Shard]:
        """Return the committed shards by block key; none where the manifest cannot be used."""
        found = self._signature()
        if self._seen is None or self._seen[0] != found:
            self._seen = (found, self._read_shards())
        return self._seen[1]

    def _signature(self) -> tuple[int, ...]:
        """Return what changes with every commit: the manifest is renamed into its place."""
        try:
            stat = (self.folder / MANIFEST).stat()
        except OSError:
            return ()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _read_shards(self) -> dict[str, Shard]:
        if not (self.folder / MANIFEST).exists():
            return {}
        try:
            kept = read_kept(self.folder)
        except SoftLabelError as error:
            _raise_unread(error)
            logger.warning("%s What its shards hold is looked up in them.", error)
            return self._recovered()
        if kept.capture != self.capture or kept.codec != self.codec:
            logger.warning("%s is of another capture or codec. It is made anew.", self.folder)
            return {}
        return kept.shards

    def _recovered(self) -> dict[str, Shard]:
        """Return the shards whose names are those of their bytes, under keys of no block.

        The rows in them are found one by one; whose answers they are, each of them says.
        """
        found = {}
        for path in sorted((self.folder / SHARDS).glob("*.parquet")):
            shard = described(path)
            if shard is not None and shard.name == path.name:
                found[shard.sha256] = shard
        return found

    def find(self, block_key: str) -> tuple[Shard, bytes] | None:
        """Return the shard of a block and its bytes, if it is there and undamaged."""
        shard = self.shards().get(block_key)
        if shard is None:
            return None
        content = self.read(shard)
        if content is None:
            self.drop(block_key)
            return None
        return shard, content

    def read(self, shard: Shard) -> bytes | None:
        """Return a shard's bytes, or None, with a warning, where they are not the manifest's."""
        try:
            content = read_shard(self.path(shard), shard)
        except OSError as error:
            logger.warning("shard %s cannot be read (%s): made anew.", self.path(shard), error)
            return None
        except SoftLabelError:  # of another size
            content = b""
        if not content or Shard.of(content, shard.rows) != shard:
            logger.warning("shard %s is damaged: made anew.", self.path(shard))
            return None
        return content

    def commit(self, block_key: str, content: bytes, rows: int) -> Shard:
        """Keep a shard; it is there for others once this returns.

        Raises:
            OSError: the filesystem refused; what was committed before is as it was.
        """
        shard = Shard.of(content, rows)
        with locked(self.folder / LOCK):
            self._sweep()
            write_bytes(self.path(shard), content)
            self._write({**self.shards(), block_key: shard})
        return shard

    def drop(self, block_key: str) -> None:
        """Forget the shard of a block."""
        with locked(self.folder / LOCK):
            self._write({key: s for key, s in self.shards().items() if key != block_key})

    def keep_only(self, shards: dict[str, Shard]) -> None:
        """Forget every other shard."""
        with locked(self.folder / LOCK):
            self._write(shards)

    def _write(self, shards: dict[str, Shard]) -> None:
        kept = Kept(format=FORMAT, capture=self.capture, codec=self.codec, shards=shards)
        write_json(self.folder / MANIFEST, asdict(kept))

    def _sweep(self) -> None:
        """Remove temporary files; who holds the lock knows that their writers are dead."""
        for folder in (self.folder, self.folder / SHARDS):
            for left in folder.glob(f".*{TEMPORARY_SUFFIX}"):
                left.unlink(missing_ok=True)


class Store:
    """The captures below one folder."""

    def __init__(self, folder: Path) -> None:
        """Stand for `folder`, which need not exist yet."""
        self.folder = folder

    def of(self, capture: Capture, codec: str) -> CaptureStore:
        """Return the store of one capture."""
        return CaptureStore(self.folder / CAPTURES / capture.fingerprint, capture, codec)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep `gc` away while the block runs; any number of processes may."""
        with shared(self.folder / IN_USE):
            yield

    def kept(self) -> Iterator[tuple[Path, Kept]]:
        """Yield each capture that is there and well-formed, with its folder, by name.

        Raises:
            OSError: a manifest is there and cannot be read; a frozen tau may stand in it.
        """
        root = self.folder / CAPTURES
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            try:
                yield folder, read_kept(folder)
            except SoftLabelError as error:
                _raise_unread(error)
                logger.warning("%s", error)


def _raise_unread(error: SoftLabelError) -> None:
    """Raise the filesystem's refusal, if that is why a manifest was not read.

    What could not be read may be sound: only what was read and is wrong is given up.
    """
    cause = error.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError | NotADirectoryError):
        raise cause from None


def described(path: Path) -> Shard | None:
    """Return what a manifest would say of a shard's file; None of what is no Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = path.read_bytes()
    try:
        return Shard.of(content, pq.read_metadata(pa.BufferReader(content)).num_rows)
    except (pa.ArrowException, ValueError):
        return None


def read_kept(folder: Path) -> Kept:
    """Read and check the manifest of a capture's folder.

    Raises:
        SoftLabelError: it is missing, malformed, or of another capture than the folder.
    """
    kept = parsed(folder / MANIFEST, Kept)
    if kept.capture.fingerprint != folder.name:  # a flipped bit can be another valid value
        raise SoftLabelError(f"{folder / MANIFEST} is damaged: its capture is not the folder's.")
    return kept
