import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError

from stillroom.io.datasets.plotly import FIGURES
from stillroom.io.datasets.records_plot import RecordsPlot

CURVES = [
    {"model": "control", "epoch": 1, "train_loss": 2.0, "validation_nll": 1.5},
    {"model": "student", "epoch": 1, "train_loss": 2.0, "validation_nll": 1.0},
    {"model": "student", "epoch": 2, "train_loss": 1.0, "validation_nll": 0.5},
]
RELIABILITY = [
    {"model": "student", "bin": 9, "confidence": 0.9, "accuracy": 0.8, "count": 5},
    {"model": "teacher", "bin": 9, "confidence": 0.95, "accuracy": 0.9, "count": 5},
]
CONFUSION = [
    {"model": "student", "actual": "10", "predicted": "9"},
    {"model": "student", "actual": "9", "predicted": "9"},
    {"model": "student", "actual": "10", "predicted": "9"},
    {"model": "teacher", "actual": "10", "predicted": "10"},
]
SIMILARITY = [
    {"actual": "cat", "looks_like": "cat", "probability": 0.9},
    {"actual": "cat", "looks_like": "dog", "probability": 0.1},
    {"actual": "dog", "looks_like": "cat", "probability": 0.2},
    {"actual": "dog", "looks_like": "dog", "probability": 0.8},
]
FAMILY = [
    {"model": "teacher", "measure": "accuracy", "quality": 0.9, "parameters": 100, "front": 1},
    {"model": "tiny", "measure": "accuracy", "quality": 0.8, "parameters": 10, "front": 1},
    {"model": "big", "measure": "accuracy", "quality": 0.7, "parameters": 20, "front": 0},
]
RECORDS = {
    "family": FAMILY,
    "curves": CURVES,
    "reliability": RELIABILITY,
    "confusion": CONFUSION,
    "similarity": SIMILARITY,
}


def saved(tmp_path: Path, kind: str, records: list[dict[str, Any]]) -> RecordsPlot:
    dataset = RecordsPlot(filepath=str(tmp_path / "plots" / f"{kind}.json"), kind=kind)
    dataset.save(records)
    return dataset


@pytest.mark.parametrize("kind", RECORDS)
def test_records_come_back_in_their_order(kind: str, tmp_path: Path) -> None:
    assert saved(tmp_path, kind, RECORDS[kind]).load() == RECORDS[kind]


def test_equal_records_give_equal_bytes_whatever_the_order_of_their_keys(tmp_path: Path) -> None:
    saved(tmp_path / "a", "curves", CURVES)
    saved(tmp_path / "b", "curves", [dict(reversed(record.items())) for record in CURVES])
    files = [tmp_path / side / "plots" / "curves.json" for side in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("kind", RECORDS)
def test_the_preview_is_json_that_plotly_takes(kind: str, tmp_path: Path) -> None:
    figure = saved(tmp_path, kind, RECORDS[kind]).preview()
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    assert set(figure) == {"data", "layout"}
    assert all(trace["type"] in ("scatter", "heatmap") for trace in figure["data"])


@pytest.mark.parametrize("kind", RECORDS)
def test_plotly_itself_accepts_the_preview(kind: str, tmp_path: Path) -> None:
    graph_objects = pytest.importorskip("plotly.graph_objects", reason="the extra viz is absent")
    figure = saved(tmp_path, kind, RECORDS[kind]).preview()
    assert len(graph_objects.Figure(figure).data) == len(figure["data"])


@pytest.mark.parametrize("kind", RECORDS)
def test_no_record_at_all_still_previews(kind: str, tmp_path: Path) -> None:
    assert "data" in saved(tmp_path, kind, []).preview()


def test_kedro_viz_recognises_the_preview(tmp_path: Path) -> None:
    annotation = inspect.signature(saved(tmp_path, "curves", CURVES).preview).return_annotation
    assert annotation.__name__ == "PlotlyPreview"


def test_there_is_a_curve_per_model(tmp_path: Path) -> None:
    control, student = saved(tmp_path, "curves", CURVES).preview()["data"]
    assert (control["name"], control["y"]) == ("control", [1.5])
    assert (student["name"], student["x"], student["y"]) == ("student", [1, 2], [1.0, 0.5])
    assert control["line"]["dash"] != student["line"]["dash"]


def test_the_confusion_is_the_students_counted(tmp_path: Path) -> None:
    figure = saved(tmp_path, "confusion", CONFUSION).preview()
    (trace,) = figure["data"]
    assert trace["y"] == ["9", "10"]  # as numbers sort, not as text does
    assert trace["z"] == [[1, 0], [2, 0]]
    assert figure["layout"]["xaxis"]["type"] == "category"


def test_the_similarity_has_a_row_per_true_class(tmp_path: Path) -> None:
    (trace,) = saved(tmp_path, "similarity", SIMILARITY).preview()["data"]
    assert trace["z"] == [[0.9, 0.1], [0.2, 0.8]]


@pytest.mark.parametrize("bad", [{"a": 1}, [1], [{"a": [1]}], [{"a": {"b": 1}}]])
def test_what_is_not_flat_is_refused(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="flat records"):
        saved(tmp_path, "curves", bad)
    assert not (tmp_path / "plots" / "curves.json").exists()


def test_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        saved(tmp_path, "curves", [{"model": "student", "epoch": 1, "train_loss": float("nan")}])


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    dataset = RecordsPlot(filepath=str(tmp_path / "none.json"), kind="curves")
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="Run the stage"):
        dataset.load()


def test_the_catalog_makes_it_and_an_unknown_kind_is_refused() -> None:
    config = {"type": "stillroom.io.datasets.records_plot.RecordsPlot", "filepath": "x.json"}
    catalog = DataCatalog.from_config({"plot": config | {"kind": "curves", "metadata": {"a": 1}}})
    assert catalog.get("plot").metadata == {"a": 1}
    with pytest.raises(DatasetError, match=r"Did you mean curves\?"):
        DataCatalog.from_config({"plot": config | {"kind": "curvs"}}).get("plot")
    assert set(FIGURES) == set(RECORDS)
