"""Tables: equal frames give equal files, and a handle reads a file only when needed."""

from pathlib import Path

import polars as pl
import pytest

from stillroom.errors import DataError
from stillroom.io import tables
from stillroom.io.files.hashing import sha256_file
from stillroom.io.tables import TableFile, write_parts, write_table


def test_equal_frames_give_equal_bytes_and_are_read_unchanged(tmp_path: Path) -> None:
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


def disagreements(rows: int, parts: int = 2, cut: int = 5) -> pl.DataFrame:
    """Return rows in parts; every `cut`th key ends a file."""
    keys = [(n % cut).to_bytes(8, "little") + n.to_bytes(8, "big") for n in range(rows)]
    part = [f"part {n * parts // rows}" for n in range(rows)]
    return pl.DataFrame({"example_id": keys, "part": part, "n": range(rows)})


@pytest.fixture
def short_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_PER_FILE", 8)


def hashes(folder: Path) -> list[str]:
    return [sha256_file(path) for path in sorted(folder.iterdir())]


@pytest.mark.usefixtures("short_files")
def test_a_folder_of_files_is_read_in_order_as_one_table(tmp_path: Path) -> None:
    frame = disagreements(100)
    write_parts([frame], tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{n:05d}-of-{len(names):05d}.parquet" for n in range(1, len(names) + 1)]
    assert len(names) > 5
    table = TableFile(tmp_path)
    assert table.read().equals(frame)
    batches = list(table.batches(3))
    assert max(batch.height for batch in batches) == 3
    assert pl.concat(batches).equals(frame)


@pytest.mark.usefixtures("short_files")
@pytest.mark.parametrize("at_once", [1, 3, 17, 99])
def test_several_frames_are_cut_like_one_table(tmp_path: Path, at_once: int) -> None:
    for name in ("whole", "frames"):
        (tmp_path / name).mkdir()
    write_parts([disagreements(100)], tmp_path / "whole")
    write_parts(disagreements(100).iter_slices(at_once), tmp_path / "frames")
    assert hashes(tmp_path / "frames") == hashes(tmp_path / "whole")


@pytest.mark.usefixtures("short_files")
def test_added_rows_leave_most_files_unchanged(tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    write_parts([disagreements(100, parts=1)], tmp_path / "before")
    write_parts([disagreements(104, parts=1)], tmp_path / "after")
    before, after = hashes(tmp_path / "before"), hashes(tmp_path / "after")
    assert after[: len(before) - 1] == before[:-1]
    assert len(after) - len(before) <= 1


@pytest.mark.usefixtures("short_files")
def test_a_new_part_starts_a_new_file(tmp_path: Path) -> None:
    write_parts([disagreements(24, parts=3, cut=100)], tmp_path)
    files = [
        TableFile(path).read()["part"].unique().to_list() for path in sorted(tmp_path.iterdir())
    ]
    assert all(len(parts) == 1 for parts in files)


def test_rows_are_counted_in_a_file_and_in_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROWS_PER_FILE", 8)
    frame = disagreements(30).with_columns(split=pl.Series(["train", None, "test"] * 10))
    write_table(frame, tmp_path / "a.parquet")
    (tmp_path / "parts").mkdir()
    write_parts([frame], tmp_path / "parts")
    for path in (tmp_path / "a.parquet", tmp_path / "parts"):
        assert TableFile(path).count("split", "train") == (10, 20)
        assert TableFile(path).count("split", "none of them") == (0, 30)


def test_an_empty_folder_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Run the stage that writes it first"):
        TableFile(tmp_path).read()
    with pytest.raises(DataError, match="Run `kedro run --pipeline=ingest` first"):
        TableFile(tmp_path, "ingest").read()


@pytest.mark.usefixtures("short_files")
def test_a_damaged_file_of_a_folder_is_named_by_every_reader(tmp_path: Path) -> None:
    write_parts([disagreements(40)], tmp_path)
    damaged = sorted(tmp_path.iterdir())[1]
    damaged.write_bytes(b"PAR1 no PAR1")
    table = TableFile(tmp_path)
    for read in (table.read, lambda: list(table.batches(5)), lambda: table.count("n", 1)):
        with pytest.raises(DataError, match=f"{damaged.name} is not Parquet"):
            read()


@pytest.mark.usefixtures("short_files")
@pytest.mark.parametrize("place", [0, 1, -1])
def test_a_folder_with_a_missing_or_extra_file_is_an_error(tmp_path: Path, place: int) -> None:
    write_parts([disagreements(40)], tmp_path)
    lost = sorted(tmp_path.iterdir())[place]
    content = lost.read_bytes()
    lost.unlink()
    with pytest.raises(DataError, match="a file is missing, or there is one too many"):
        TableFile(tmp_path).read()
    lost.write_bytes(content)
    (tmp_path / "00009-of-00099.parquet").write_bytes(content)
    with pytest.raises(DataError, match="a file is missing, or there is one too many"):
        TableFile(tmp_path).read()


def test_the_notes_of_a_field_do_not_count(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    notes = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": b"\x80\xff",
    }
    field = pa.field("a", pa.int64()).with_metadata(notes)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table([pa.array([1, 2])], schema=pa.schema([field])), path)
    assert TableFile(path).read()["a"].to_list() == [1, 2]
    assert [batch["a"].to_list() for batch in TableFile(path).batches(1)] == [[1], [2]]
