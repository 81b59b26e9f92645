"""Tables on disk: a handle to Parquet files, which are read only when a caller needs them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import DataError
from stillroom.io.content_chunks import is_cut
from stillroom.io.files.atomic_file import write_with
from stillroom.io.runs.stage_command import stage_command

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq


ROWS_PER_FILE = 8192


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table on disk: a Parquet file, or a folder of Parquet files in the order of their names.

    Nodes read it. Worker processes get only its path.

    Attributes:
        path: the path of the file or the folder.
        stage: the stage that writes it, for errors; None for an unknown stage.
    """

    path: Path
    stage: str | None = field(default=None, compare=False)

    @property
    def parts(self) -> "list[TableFile]":
        """The files in order, each as a table of its own.

        Raises:
            DataError: there is no file, or one is missing.
        """
        return [TableFile(path, self.stage) for path in self._files()]

    def read(self, columns: list[str] | None = None) -> "pl.DataFrame":
        """Return the whole table, or some of its columns.

        Raises:
            DataError: a file is missing, damaged or not Parquet.
        """
        import polars as pl

        tables = []
        for path in self._files():
            with _opened(path, self.stage) as file:
                tables.append(file.read(columns))
        return pl.concat([_frame(table) for table in tables])

    def batches(self, rows: int) -> "Iterator[pl.DataFrame]":
        """Yield the table, at most `rows` rows at a time, in order.

        Raises:
            DataError: as `read`.
        """
        for path in self._files():
            with _opened(path, self.stage) as file:
                for batch in file.iter_batches(batch_size=rows):
                    yield _frame(batch)

    def count(self, column: str, value: object) -> tuple[int, int]:
        """Return how many rows have `value` in a column, and how many have another value.

        Raises:
            DataError: as `read`.
        """
        import pyarrow.compute as pc

        equal = rows = 0
        for path in self._files():
            with _opened(path, self.stage) as file:
                for batch in file.iter_batches(columns=[column]):
                    equal += pc.sum(pc.equal(batch.column(0), value)).as_py() or 0
                    rows += batch.num_rows
        return equal, rows - equal

    def _files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        files = sorted(self.path.glob("*.parquet")) if self.path.is_dir() else []
        if not files:
            raise DataError(f"{self.path} does not exist. Run {stage_command(self.stage)} first.")
        count = len(files)
        named = [f"{number:05d}-of-{count:05d}.parquet" for number in range(1, count + 1)]
        if [file.name for file in files] != named:
            raise DataError(
                f"{self.path} does not hold exactly the files 00001-of-{count:05d}.parquet to "
                f"{count:05d}-of-{count:05d}.parquet: a file is missing, or there is one too "
                f"many. Run {stage_command(self.stage)} again."
            )
        return files


def _frame(data: "pa.Table | pa.RecordBatch") -> "pl.DataFrame":
    """Return the columns without the notes of their fields, on which polars panics if damaged."""
    import polars as pl
    import pyarrow as pa

    schema = pa.schema([field.remove_metadata() for field in data.schema])
    return pl.DataFrame(pl.from_arrow(type(data).from_arrays(data.columns, schema=schema)))


@contextmanager
def _opened(path: Path, stage: str | None) -> "Iterator[pq.ParquetFile]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # polars never verifies page checksums: a flipped bit would silently be another value.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} is not Parquet, or it is damaged ({error}). Run {stage_command(stage)} again."
        ) from error


def write_parts(frames: "Iterable[pl.DataFrame]", folder: Path) -> None:
    """Write a table with the columns `example_id` and `part` into several files of an empty folder.

    The cuts leave most files unchanged when rows are added, so DVC pushes little more than the new
    rows. The memory holds one frame and the rest of the frame before it that is not written yet.
    """
    import polars as pl

    written: list[Path] = []
    rest = None
    for frame in frames:
        *whole, rest = _cut(frame if rest is None else pl.concat([rest, frame]))
        for piece in whole:
            written.append(folder / f"{len(written) + 1:05d}.parquet")
            write_table(piece, written[-1])
    if rest is not None and rest.height:
        written.append(folder / f"{len(written) + 1:05d}.parquet")
        write_table(rest, written[-1])
    for path in written:
        path.rename(folder / f"{path.stem}-of-{len(written):05d}.parquet")


def _cut(frame: "pl.DataFrame") -> "list[pl.DataFrame]":
    """Return the pieces of a table; the last one may continue in the next frame."""
    keys, parts = frame["example_id"].to_list(), frame["part"].to_list()
    bounds = [0]
    for at, (key, part, following) in enumerate(zip(keys, parts, parts[1:], strict=False), start=1):
        if is_cut(key, part, following, at - bounds[-1], ROWS_PER_FILE):
            bounds.append(at)
    return [frame[start:end] for start, end in pairwise([*bounds, frame.height])]


def write_table(frame: "pl.DataFrame", path: Path) -> None:
    """Write a table as Parquet, atomically; equal tables give equal bytes.

    pyarrow writes it, because it adds page checksums and reports a full disk as an OSError.
    """
    import polars as pl
    import pyarrow.parquet as pq

    # Other readers know the oldest level; it does not use the string views of polars.
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    write_with(
        path,
        lambda temporary: pq.write_table(
            table, temporary, compression="zstd", write_page_checksum=True
        ),
    )
