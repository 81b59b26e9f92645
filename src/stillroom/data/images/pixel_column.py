"""Pixel column: the pixels of images one after the other in, one column of bytes out.

A list of all images and a column of them would hold each pixel twice. So the column grows in
chunks, and only the last chunk is a list.
"""

from dataclasses import dataclass, field

import polars as pl

_CHUNK_BYTES = 2**26


@dataclass(slots=True)
class PixelColumn:
    """A column that grows; a null stands for an image that is left out."""

    column: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Binary()))
    waiting: list[bytes | None] = field(default_factory=list)
    waiting_bytes: int = 0

    def append(self, content: bytes | None) -> None:
        """Add one image."""
        self.waiting.append(content)
        self.waiting_bytes += len(content or b"")
        if self.waiting_bytes >= _CHUNK_BYTES:
            self._flush()

    def series(self) -> pl.Series:
        """Return the column of all images that were added."""
        self._flush()
        return self.column

    def _flush(self) -> None:
        self.column.append(pl.Series(self.waiting, dtype=pl.Binary()))
        self.waiting, self.waiting_bytes = [], 0
