"""Tables as datasets are loaded as handles and have a readable preview."""

import errno
from pathlib import Path

import polars as pl
import pytest
from kedro.io import DatasetError

from stillroom.io import tables
from stillroom.io.datasets.parquet_table import ROWS, PartedTable, Table, preview_value
from stillroom.io.files import atomic_folder
from stillroom.io.files.workspace import new_workspace
from stillroom.io.tables import write_parts


def test_a_saved_table_is_read_through_its_handle(tmp_path: Path) -> None:
    dataset = Table(str(tmp_path / "t.parquet"))
    frame = pl.DataFrame({"key": [b"\x01" * 16, b"\x02" * 16], "p": [[0.5, 0.5], [1.0, 0.0]]})
    dataset.save(frame)
    assert dataset.load().read().equals(frame)
    assert dataset.exists()


def test_the_preview_has_the_first_rows_as_text(tmp_path: Path) -> None:
    dataset = Table(str(tmp_path / "t.parquet"))
    dataset.save(pl.DataFrame({"key": [bytes([n]) * 16 for n in range(50)], "n": range(50)}))
    preview = dataset.preview()
    assert preview["columns"] == ["key", "n"]
    assert len(preview["data"]) == len(preview["index"]) == ROWS
    assert preview["data"][3] == ["03" * 16, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xab\xcd", "abcd"),
        (b"x" * 784, "784 bytes"),
        ([0.123456, 1.0], "0.1235, 1"),
        (list(range(12)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
        (0.123456, 0.1235),
        (None, None),
        ("text", "text"),
    ],
)
def test_long_values_are_cut_in_the_preview(value: object, text: object) -> None:
    assert preview_value(value) == text


@pytest.fixture
def disagreements(project: Path, monkeypatch: pytest.MonkeyPatch) -> PartedTable:
    monkeypatch.chdir(project)
    monkeypatch.setattr(tables, "ROWS_PER_FILE", 8)
    return PartedTable(str(project / "data" / "t"))


def rows(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"example_id": [n.to_bytes(16, "little") for n in range(count)], "part": ["p"] * count}
    )


def save(disagreements: PartedTable, count: int) -> None:
    folder = new_workspace(Path.cwd(), "table")
    write_parts([rows(count)], folder)
    disagreements.save(folder)


def test_a_saved_parted_table_is_read_from_several_files(disagreements: PartedTable) -> None:
    assert not disagreements.exists()
    save(disagreements, 50)
    assert disagreements.exists()
    assert disagreements.load().read().equals(rows(50))
    assert len(list(disagreements.load().path.glob("*.parquet"))) > 2
    assert len(disagreements.preview()["data"]) == ROWS


def test_a_shorter_table_leaves_no_file_of_the_longer_one(disagreements: PartedTable) -> None:
    save(disagreements, 50)
    save(disagreements, 3)
    assert disagreements.load().read().equals(rows(3))
    assert [path.name for path in disagreements.load().path.iterdir()] == ["00001-of-00001.parquet"]


def test_a_failing_save_leaves_the_old_table(
    disagreements: PartedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(disagreements, 50)

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(atomic_folder, "sync", full)
    with pytest.raises(DatasetError):
        save(disagreements, 20)
    assert disagreements.load().read().equals(rows(50))


def test_a_table_with_only_its_replaced_folder_is_loaded(disagreements: PartedTable) -> None:
    save(disagreements, 50)
    folder = disagreements.load().path
    folder.rename(folder.with_name(f".{folder.name}.{'0' * 32}.replaced"))
    assert disagreements.load().read().equals(rows(50))
