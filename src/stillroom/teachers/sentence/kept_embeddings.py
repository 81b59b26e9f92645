"""Kept embeddings: the outputs of an encoder by the key of a text, in files between the stages.

    embeddings ──write_embeddings──> store/embeddings/<encoder>-<SHA-256 of the file>.safetensors
    encoder ──read_embeddings──> key of a row -> embedding; {} if nothing is kept, or it is damaged

The stage `teachers` embeds the labelled texts to fit a head; `capture` then need not run the
encoder on them again. It is a cache: without it the stages give the same bits, but later. All its
files together have at most `LIMIT` bytes; `kedro softlabels gc` removes the old ones.
"""

import hashlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import TOKENS, Sequences
from stillroom.errors import StillroomError
from stillroom.io.files.atomic_file import TEMPORARY_SUFFIX, write_bytes
from stillroom.io.files.hashing import sha256_bytes
from stillroom.io.files.locking import locked
from stillroom.models.forward.text_logits import fixed_batches
from stillroom.softlabels.store.gc import SECONDS_PER_DAY, Waste
from stillroom.softlabels.store.store import Store

FOLDER = "embeddings"
SUFFIX = ".safetensors"
LOCK = "lock"
LIMIT = 2**28
KEY_BYTES = 16
_PERSON = b"stillroom.embed1"

_LOG = logging.getLogger(__name__)

Vector = NDArray[np.float32]
Embeddings = Mapping[bytes, Vector]


def embeddings_folder(store: Store) -> Path:
    """Return the folder of the kept embeddings."""
    return store.folder / FOLDER


def row_keys(inputs: Sequences, batch_size: int) -> list[bytes]:
    """Return the key of each row: its tokens, and the shape of the batch that it runs in.

    Args:
        inputs: [N, 3, length].
        batch_size: the largest number of rows in a batch.
    """
    keys = [b""] * len(inputs)
    for rows, length, size in fixed_batches(inputs, batch_size):
        shape = f"{size}x{length}:".encode()
        for row in rows.tolist():
            tokens = np.ascontiguousarray(inputs[row, TOKENS, :length], "<i4").tobytes()
            keys[row] = hashlib.blake2b(
                shape + tokens, digest_size=KEY_BYTES, person=_PERSON
            ).digest()
    return keys


def read_embeddings(folder: Path, identity: str) -> dict[bytes, Vector]:
    """Return the kept embeddings of an encoder by the key of the row.

    Args:
        folder: the folder of the kept embeddings; it need not exist.
        identity: of the encoder; see `reuse_embeddings.encoder_identity`.
    """
    kept: dict[bytes, Vector] = {}
    for path in sorted(folder.glob(f"{identity}-*{SUFFIX}")):
        kept |= _read(path)
    return kept


def write_embeddings(folder: Path, identity: str, embeddings: Embeddings) -> None:
    """Keep embeddings beside those that are kept already; what is beyond `LIMIT` is dropped.

    A cache that cannot be written costs time, not the result, so this only logs a warning then.
    """
    try:
        with locked(folder / LOCK):
            kept = dict(embeddings) | read_embeddings(folder, identity)
            content = _content(kept)
            path = folder / f"{identity}-{sha256_bytes(content)}{SUFFIX}"
            write_bytes(path, content)
            _remove_others(folder, path, identity)
    except (OSError, StillroomError) as error:
        _LOG.warning("The embeddings are not kept, so `capture` runs the encoder again: %s", error)


def old_embeddings(folder: Path, keep_days: float) -> list[Waste]:
    """Return the files that were written at least `keep_days` days ago."""
    why = "embeddings of labelled texts, which an encoder can compute again"
    return [
        Waste(path, path.stat().st_size, 0, why)
        for path in sorted(folder.glob(f"*{SUFFIX}*"))
        if (time.time() - path.stat().st_mtime) / SECONDS_PER_DAY >= keep_days
    ]


def _content(embeddings: Embeddings) -> bytes:
    from safetensors.numpy import save

    width = len(next(iter(embeddings.values())))
    most = LIMIT // (KEY_BYTES + 4 * width)
    keys, vectors = list(embeddings)[:most], list(embeddings.values())[:most]
    return save(
        {
            "keys": np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES),
            "vectors": np.stack(vectors),
        }
    )


def _read(path: Path) -> dict[bytes, Vector]:
    from safetensors.numpy import load

    try:
        content = path.read_bytes()
    except OSError as error:  # another process has replaced it
        _LOG.warning("%s cannot be read (%s). The encoder runs again.", path, error)
        return {}
    if path.stem.rpartition("-")[2] != sha256_bytes(content):
        _LOG.warning("%s is damaged and is removed. The encoder runs again.", path)
        path.unlink(missing_ok=True)
        return {}
    tensors = load(content)
    keys = [key.tobytes() for key in tensors["keys"]]
    return dict(zip(keys, tensors["vectors"], strict=True))


def _remove_others(folder: Path, newest: Path, identity: str) -> None:
    """Remove what `newest` replaces, then the oldest files until all have at most `LIMIT` bytes.

    This process holds the lock, so no other process writes a temporary file.
    """
    for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        leftover.unlink(missing_ok=True)
    others = [path for path in folder.glob(f"*{SUFFIX}") if path != newest]
    total = newest.stat().st_size
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True):
        total += path.stat().st_size
        if total > LIMIT or path.name.startswith(identity):
            total -= path.stat().st_size
            path.unlink(missing_ok=True)
