"""Hashes of the Hub: a file and the hash that the Hub lists in, whether they belong together out.

The Hub hashes a large file by SHA-256, and a small one as Git does: SHA-1 of a header and the
bytes.
"""

import hashlib
from pathlib import Path

BLOCK = 1 << 20


def has_hash(path: Path, file_hash: str) -> bool:
    """Tell whether the content of a file has a hash of the form of sha256:… or git-sha1:…."""
    kind, _, expected = file_hash.partition(":")
    if kind == "sha256":
        digest = hashlib.sha256()
    else:
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest() == expected
