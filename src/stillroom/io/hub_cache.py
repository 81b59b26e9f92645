"""The Hub's cache on disk: a path in, the repository's name out."""

from pathlib import PurePath
from typing import Literal

Kind = Literal["models", "datasets"]


def hub_id_of(path: PurePath, kind: Kind) -> str | None:
    """Return owner/name where a path lies in the Hub's cache, else nothing.

    Its folders are called `models--owner--name` and `datasets--owner--name`.
    """
    for part in reversed(path.parts):
        owner, _, name = part.removeprefix(f"{kind}--").partition("--")
        if part.startswith(f"{kind}--") and owner and name:
            return f"{owner}/{name}"
    return None
