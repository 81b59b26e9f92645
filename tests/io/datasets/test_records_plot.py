import inspect
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError

from stillroom.io.datasets.records_plot import RecordsPlot

CURVES = [
    {"model": "control", "epoch": 1, "train_loss": 2.0, "validation_nll": 1.5},
    {"model": "student", "epoch": 1, "train_loss": 2.0, "validation_nll": 1.0},
    {"model": "student", "epoch": 2, "train_loss": 1.0, "validation_nll": 0.5},
]
FIGURE = "curves"


def saved(tmp_path: Path, records: list[dict[str, Any]]) -> RecordsPlot:
    dataset = RecordsPlot(filepath=str(tmp_path / "plots" / "curves.json"), figure=FIGURE)
    dataset.save(records)
    return dataset


def test_saved_records_are_loaded_in_their_order(tmp_path: Path) -> None:
    assert saved(tmp_path, CURVES).load() == CURVES


def test_equal_records_give_equal_bytes_regardless_of_the_order_of_their_keys(
    tmp_path: Path,
) -> None:
    saved(tmp_path / "a", CURVES)
    saved(tmp_path / "b", [dict(reversed(record.items())) for record in CURVES])
    files = [tmp_path / side / "plots" / "curves.json" for side in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_kedro_viz_recognises_the_preview(tmp_path: Path) -> None:
    annotation = inspect.signature(saved(tmp_path, CURVES).preview).return_annotation
    assert annotation.__name__ == "ImagePreview"


@pytest.mark.parametrize("bad", [{"a": 1}, [1], [{"a": [1]}], [{"a": {"b": 1}}]])
def test_a_nested_record_is_an_error(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="flat records"):
        saved(tmp_path, bad)
    assert not (tmp_path / "plots" / "curves.json").exists()


def test_nan_in_a_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        saved(tmp_path, [{"model": "student", "epoch": 1, "train_loss": float("nan")}])


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    dataset = RecordsPlot(filepath=str(tmp_path / "none.json"), figure=FIGURE)
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="Run the stage"):
        dataset.load()


def test_the_catalog_creates_the_dataset() -> None:
    config = {"type": "stillroom.io.datasets.records_plot.RecordsPlot", "filepath": "x.json"}
    catalog = DataCatalog.from_config({"plot": config | {"figure": FIGURE, "metadata": {"a": 1}}})
    assert catalog.get("plot").metadata == {"a": 1}
