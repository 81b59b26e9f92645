import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError

from stillroom.io.datasets.metrics_table import Metrics

NUMBERS: dict[str, dict[str, int | float]] = {
    "control": {"accuracy": 0.5, "nll": 1.5},
    "gain": {"accuracy": 0.25},
}


def saved(tmp_path: Path, numbers: Any) -> Metrics:
    dataset = Metrics(filepath=str(tmp_path / "metrics.json"))
    dataset.save(numbers)
    return dataset


def test_saved_numbers_are_loaded_unchanged(tmp_path: Path) -> None:
    assert saved(tmp_path, NUMBERS).load() == NUMBERS


def test_the_file_is_plain_json_that_dvc_reads(tmp_path: Path) -> None:
    saved(tmp_path, NUMBERS)
    assert json.loads((tmp_path / "metrics.json").read_text()) == NUMBERS


def test_the_preview_is_a_table_with_a_row_per_model(tmp_path: Path) -> None:
    assert saved(tmp_path, NUMBERS).preview() == {
        "index": [0, 1],
        "columns": ["", "accuracy", "nll"],
        "data": [["control", 0.5, 1.5], ["gain", 0.25, ""]],
    }


def test_kedro_viz_recognises_the_preview(tmp_path: Path) -> None:
    annotation = inspect.signature(saved(tmp_path, NUMBERS).preview).return_annotation
    assert annotation.__name__ == "TablePreview"


def test_kedro_viz_shows_the_table(tmp_path: Path) -> None:
    pytest.importorskip("kedro_viz", reason="the extra viz is absent")
    from kedro_viz.models.flowchart.node_metadata import DataNodeMetadata
    from kedro_viz.models.flowchart.nodes import GraphNode

    dataset = saved(tmp_path, NUMBERS)
    node = GraphNode.create_data_node(
        dataset_id="metrics",
        dataset_name="metrics",
        layer=None,
        tags=set(),
        dataset=dataset,
        node_extras=None,
        modular_pipelines=set(),
    )
    metadata = DataNodeMetadata(data_node=node)
    assert metadata.preview_type == "TablePreview"
    assert metadata.preview == dataset.preview()


@pytest.mark.parametrize(
    "bad", [[], {"a": 1}, {"a": {"b": "high"}}, {"a": {"b": True}}, {"a": {"b": float("nan")}}]
)
def test_a_value_that_is_not_a_number_is_an_error(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        saved(tmp_path, bad)
    assert not (tmp_path / "metrics.json").exists()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    dataset = Metrics(filepath=str(tmp_path / "none.json"))
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="Run the stage"):
        dataset.load()
