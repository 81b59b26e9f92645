"""Tables: equal frames give equal files, and a handle reads late."""

from pathlib import Path

import polars as pl
import pytest

from stillroom.errors import DataError
from stillroom.io.tables import TableFile, write_table


def test_equal_frames_give_equal_bytes_and_come_back(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [b"x", b"y"]})
    write_table(frame, tmp_path / "a.parquet")
    write_table(frame.clone(), tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert TableFile(tmp_path / "a.parquet").read().equals(frame)


def test_a_missing_and_a_broken_table_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        TableFile(tmp_path / "a.parquet").read()
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(DataError, match="is not Parquet"):
        TableFile(tmp_path / "a.parquet").read()


def test_no_flipped_bit_of_the_data_is_served(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": range(2000), "b": [bytes([n % 251]) * 16 for n in range(2000)]})
    write_table(frame, tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    table = TableFile(tmp_path / "a.parquet")
    for position in range(40, len(content) // 2, 61):
        damaged = bytearray(content)
        damaged[position] ^= 1
        (tmp_path / "a.parquet").write_bytes(bytes(damaged))
        try:
            assert table.read().equals(frame)  # a bit of the header that changes no value
        except DataError as error:
            assert "a.parquet" in str(error)
