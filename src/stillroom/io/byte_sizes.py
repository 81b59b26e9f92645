"""Sizes in bytes: from text to a number, and from a number to text.

"200MB" ──bytes_of──> 200_000_000 ──size_text──> "200 MB"
"""

import re

from stillroom.errors import ConfigError

UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


def bytes_of(text: str) -> int:
    """Return the number of bytes that a text names, as in `200MB`, `1.5 GB` or `64MiB`.

    Raises:
        ConfigError: the text is not a size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in UNITS:
        raise ConfigError(
            f"{text} is not a size. Write a number and a unit, as in 800kB, 200MB, 1.5GB or 64MiB."
        )
    return int(float(match[1]) * UNITS[match[2].lower()])


def size_text(size: float) -> str:
    """Return a size with three digits and a decimal unit, as in `1.23 MB`."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size, units = size / 1000, units[1:]
    if units[0] == "B":
        return f"{size:.0f} B"
    return f"{size:.{max(0, 3 - len(str(int(size))))}f} {units[0]}"
