"""The command that writes a file again, for the errors about a file that cannot be read."""

from collections.abc import Mapping
from typing import Any


def stage_command(stage: str | None) -> str:
    """Return the command that runs a stage, or a description if the stage is None."""
    return f"`kedro run --pipeline={stage}`" if stage else "the stage that writes it"


def stage_of(metadata: Mapping[str, Any] | None) -> str | None:
    """Return the stage that writes a catalog entry, None if the entry does not name one.

    Args:
        metadata: the metadata of the entry; Kedro-Viz's layer is the name of the stage.
    """
    layer = ((metadata or {}).get("kedro-viz") or {}).get("layer")
    return str(layer) if layer else None
