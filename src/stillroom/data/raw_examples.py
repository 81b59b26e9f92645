"""Raw examples: what every source gives, before anything is judged.

pieces (one per part) ──gather──> Raw(kind, shape, frame, files, versions)

frame:  content   image: Binary, row-major uint8 | text: String | features: List(Float64)
        label     String, null where unlabelled
        split     String, null where the source brings no splits
        part      String, the file, relative to data.path
        row       Int64, its row in the part, from 0
        origin    String, where a person finds it: "train.csv row 3"
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Literal

import polars as pl

from stillroom.errors import DataError

Kind = Literal["image", "text", "features"]
CONTENT_TYPES: dict[Kind, pl.DataType] = {
    "image": pl.Binary(),
    "text": pl.String(),
    "features": pl.List(pl.Float64()),
}
MOST_IMAGES_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The rows of one part, as columns of equal length."""

    part: str
    shape: tuple[int, ...]
    content: pl.Series
    labels: pl.Series | Sequence[str | None]
    splits: pl.Series | Sequence[str | None]
    origins: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What a source holds. `shape` is of one example: (h, w, c), (d,), or () for text."""

    kind: Kind
    shape: tuple[int, ...]
    frame: pl.DataFrame
    files: dict[str, str]  # name relative to data.path -> SHA-256
    versions: dict[str, str] = field(default_factory=dict)  # library -> version
    skipped: dict[str, int] = field(default_factory=dict)  # suffix -> files that were not read


def row_origins(part: str, count: int) -> list[str]:
    """Return "part row 0", "part row 1", …: how messages name the rows of a file."""
    return [f"{part} row {row}" for row in range(count)]


def suffix_counts(paths: Iterable[Path]) -> dict[str, int]:
    """Return how many of the files have which suffix, sorted; hidden files do not count."""
    seen = [path for path in paths if path.is_file() and not path.name.startswith(".")]
    return dict(sorted(Counter(path.suffix.lower() or "no suffix" for path in seen).items()))


def gather(
    kind: Kind,
    pieces: Sequence[Piece],
    files: dict[str, str],
    versions: dict[str, str] | None = None,
) -> Raw:
    """Stack the pieces in their order.

    Raises:
        DataError: there is no row, or the shapes of two pieces differ.
    """
    filled = [piece for piece in pieces if len(piece.content)]
    if not filled:
        names = ", ".join(piece.part for piece in pieces[:3]) or "data.path"
        raise DataError(f"{names} holds no rows. Fill it, or point data.path elsewhere.")
    first = filled[0]
    for piece in filled[1:]:
        if piece.shape != first.shape:
            raise DataError(
                f"{piece.origins[0]} is {shape_words(piece.shape)}, but {first.origins[0]} is "
                f"{shape_words(first.shape)}. Bring all examples to one shape first."
            )
    frame = pl.concat([_frame(kind, piece) for piece in filled])
    return Raw(kind=kind, shape=first.shape, frame=frame, files=files, versions=versions or {})


def portable(path: str) -> str:
    """Return a configured path without the folders of this machine."""
    return PurePath(path).name if PurePath(path).is_absolute() else path


def shape_words(shape: tuple[int, ...]) -> str:
    """Return "28x28x1" for (28, 28, 1)."""
    return "x".join(str(size) for size in shape)


def _frame(kind: Kind, piece: Piece) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "content": piece.content.cast(CONTENT_TYPES[kind]),
            "label": pl.Series(piece.labels, dtype=pl.String()),
            "split": pl.Series(piece.splits, dtype=pl.String()),
            "part": pl.repeat(piece.part, len(piece.content), dtype=pl.String(), eager=True),
            "row": pl.int_range(len(piece.content), dtype=pl.Int64(), eager=True),
            "origin": pl.Series(piece.origins, dtype=pl.String()),
        }
    )
