"""Raw examples: what every source returns, before cleaning and splits.

RawPart (one per file or folder) ──stack_parts──> RawExamples(kind, shape, frame, files, versions)

frame:  content   image: Binary, row-major uint8 | text: String | features: List(Float64)
        label     String, null if unlabelled
        split     String, null if the source has no splits
        part      String, the file, relative to data.path
        row       Int64, the row in the part, from 0
        origin    String, the name of the row in messages: "train.csv row 3"
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Literal

import polars as pl

from stillroom.data.notices import Notice
from stillroom.errors import DataError

Kind = Literal["image", "text", "features"]
CONTENT_TYPES: dict[Kind, pl.DataType] = {
    "image": pl.Binary(),
    "text": pl.String(),
    "features": pl.List(pl.Float64()),
}
MOST_IMAGES_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPart:
    """The rows of one part (a file or a folder), as columns of equal length.

    Attributes:
        rows: the number of each row in the part; None: 0, 1, 2, …
    """

    part: str
    shape: tuple[int, ...]
    content: pl.Series
    labels: pl.Series | Sequence[str | None]
    splits: pl.Series | Sequence[str | None]
    origins: Sequence[str]
    rows: Sequence[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawExamples:
    """The examples of a source. `shape` is that of one example: (h, w, c), (d,), () for text."""

    kind: Kind
    shape: tuple[int, ...]
    frame: pl.DataFrame
    files: dict[str, str]  # name relative to data.path -> SHA-256
    versions: dict[str, str] = field(default_factory=dict)  # library -> version
    skipped: dict[str, int] = field(default_factory=dict)  # suffix -> files that were not read
    splits_from: str | None = None  # what names the splits: "file names"; None: the source has none
    notices: tuple[Notice, ...] = ()


def row_origins(part: str, count: int) -> list[str]:
    """Return "part row 0", "part row 1", …: the names of the rows of a file in messages."""
    return [f"{part} row {row}" for row in range(count)]


def suffix_counts(paths: Iterable[Path]) -> dict[str, int]:
    """Return the number of files by suffix, sorted; hidden files do not count."""
    seen = [path for path in paths if path.is_file() and not path.name.startswith(".")]
    return dict(sorted(Counter(path.suffix.lower() or "no suffix" for path in seen).items()))


def stack_parts(
    kind: Kind,
    parts: Sequence[RawPart],
    files: dict[str, str],
    versions: dict[str, str] | None = None,
) -> RawExamples:
    """Return the rows of all parts, in their order.

    Raises:
        DataError: there is no row, or the shapes of two parts differ.
    """
    filled = [part for part in parts if len(part.content)]
    if not filled:
        names = ", ".join(part.part for part in parts[:3]) or "data.path"
        raise DataError(f"{names} holds no rows. Add rows, or change data.path.")
    first = filled[0]
    for part in filled[1:]:
        if part.shape != first.shape:
            raise DataError(
                f"{part.origins[0]} is {shape_text(part.shape)}, but {first.origins[0]} is "
                f"{shape_text(first.shape)}. Bring all examples to one shape first."
            )
    frame = pl.concat([_frame(kind, part) for part in filled])
    return RawExamples(
        kind=kind, shape=first.shape, frame=frame, files=files, versions=versions or {}
    )


def portable(path: str) -> str:
    """Return a configured path; only the last name if it is absolute."""
    return PurePath(path).name if PurePath(path).is_absolute() else path


def shape_text(shape: tuple[int, ...]) -> str:
    """Return "28x28x1" for (28, 28, 1)."""
    return "x".join(str(size) for size in shape)


def _frame(kind: Kind, part: RawPart) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "content": part.content.cast(CONTENT_TYPES[kind]),
            "label": pl.Series(part.labels, dtype=pl.String()),
            "split": pl.Series(part.splits, dtype=pl.String()),
            "part": pl.repeat(part.part, len(part.content), dtype=pl.String(), eager=True),
            "row": pl.Series(
                range(len(part.content)) if part.rows is None else part.rows, dtype=pl.Int64()
            ),
            "origin": pl.Series(part.origins, dtype=pl.String()),
        }
    )
