"""The names of GGUF files in parts: llama.cpp writes `<name>-00001-of-00003.gguf` and so on."""

import re
from collections.abc import Sequence
from pathlib import Path

PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


def first_part(path: Path) -> Path:
    """Return the first part of the model that a GGUF file is a part of; itself if it is whole."""
    part = PART.fullmatch(path.name)
    return part_paths(path, 1)[0] if part else path


def part_paths(path: Path, count: int | None = None) -> list[Path]:
    """Return the paths of the parts of a GGUF file, in order; only itself if it is whole.

    Args:
        path: one of them.
        count: how many of them; None: as many as the name says.
    """
    part = PART.fullmatch(path.name)
    if part is None:
        return [path]
    last = int(part["count"]) if count is None else count
    names = (
        f"{part['stem']}-{number:05d}-of-{part['count']}.gguf" for number in range(1, last + 1)
    )
    return [path.with_name(name) for name in names]


def single_model(paths: Sequence[Path]) -> Path | None:
    """Return the first part of the only model that these GGUF files hold; None if several."""
    models = {first_part(path) for path in paths}
    return models.pop() if len(models) == 1 else None
