"""The name of a repository on the Hub, from a path in the Hub's cache on disk."""

from pathlib import PurePath
from typing import Literal

Kind = Literal["models", "datasets"]


def hub_id_of(path: PurePath, kind: Kind) -> str | None:
    """Return owner/name if a path is in the Hub's cache, else None.

    The folders of the cache are called `models--owner--name` and `datasets--owner--name`.
    """
    for part in reversed(path.parts):
        owner, _, name = part.removeprefix(f"{kind}--").partition("--")
        if part.startswith(f"{kind}--") and owner and name:
            return f"{owner}/{name}"
    return None
