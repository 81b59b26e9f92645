"""Tables on disk: a Parquet file as a small value that travels between nodes and is read late."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import DataError
from stillroom.io.atomic import write_with

if TYPE_CHECKING:
    import polars as pl
    import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class TableFile:
    """A Parquet file. Worker processes take its path, nodes read it."""

    path: Path

    def read(self) -> "pl.DataFrame":
        """Return the whole table.

        Raises:
            DataError: the file is missing, damaged or no Parquet.
        """
        import polars as pl

        with self._opened() as file:
            table = file.read()
        return pl.DataFrame(pl.from_arrow(table))

    def batches(self, rows: int) -> "Iterator[pl.DataFrame]":
        """Yield the table, at most `rows` rows at a time, in order.

        Raises:
            DataError: as `read`.
        """
        import polars as pl

        with self._opened() as file:
            for batch in file.iter_batches(batch_size=rows):
                yield pl.DataFrame(pl.from_arrow(batch))

    def count(self, column: str, value: object) -> tuple[int, int]:
        """Return how many rows hold `value` in a column, and how many hold another.

        Raises:
            DataError: as `read`.
        """
        import pyarrow.compute as pc

        equal = rows = 0
        with self._opened() as file:
            for batch in file.iter_batches(columns=[column]):
                equal += pc.sum(pc.equal(batch.column(0), value)).as_py() or 0
                rows += batch.num_rows
        return equal, rows - equal

    @contextmanager
    def _opened(self) -> "Iterator[pq.ParquetFile]":
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.path.is_file():
            raise DataError(f"{self.path} does not exist. Run the stage that writes it first.")
        try:
            # polars never verifies the checksums of pages: a flipped bit would be another value.
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{self.path} is not Parquet ({error}). Run its stage again."
            ) from error


def write_table(frame: "pl.DataFrame", path: Path) -> None:
    """Write a table as Parquet, atomically; equal tables give equal bytes.

    Written by pyarrow: with checksums of the pages, and a full disk is an OSError there.
    """
    import polars as pl
    import pyarrow.parquet as pq

    # The oldest level is what other readers know: polars' own string views are not among it.
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    write_with(
        path,
        lambda temporary: pq.write_table(
            table, temporary, compression="zstd", write_page_checksum=True
        ),
    )
