"""Tables on disk: a Parquet file as a small value that travels between nodes and is read late."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import DataError
from stillroom.io.atomic import write_with

if TYPE_CHECKING:
    import polars as pl


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
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.path.is_file():
            raise DataError(f"{self.path} does not exist. Run the stage that writes it first.")
        try:
            # polars never verifies the checksums of pages: a flipped bit would be another value.
            table = pq.read_table(self.path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{self.path} is not Parquet ({error}). Run its stage again."
            ) from error
        return pl.DataFrame(pl.from_arrow(table))


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
