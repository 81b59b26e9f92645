"""Documents and pages as datasets: canonical bytes, existence, previews."""

import inspect
import json
from pathlib import Path

import pytest
from kedro.io import DatasetError

from stillroom.io.datasets.json_document import Document, FigureDocument, Page


def test_a_document_comes_back_and_shows_itself(tmp_path: Path) -> None:
    dataset = Document(str(tmp_path / "a" / "d.json"))
    assert not dataset.exists()
    dataset.save({"b": 1, "a": [None, 0.5]})
    assert dataset.exists()
    assert dataset.load() == {"b": 1, "a": [None, 0.5]}
    assert json.loads(dataset.preview()) == dataset.load()


def test_a_value_that_is_no_json_leaves_the_old_document(tmp_path: Path) -> None:
    dataset = Document(str(tmp_path / "d.json"))
    dataset.save({"a": 1})
    with pytest.raises(DatasetError):
        dataset.save({"a": object()})
    assert dataset.load() == {"a": 1}


def test_a_figure_is_drawn_from_the_document(tmp_path: Path) -> None:
    dataset = FigureDocument(str(tmp_path / "d.json"), "tree")
    dataset.save({"knowledge": {"tree": {"leaves": ["a"], "joins": []}}})
    preview = dataset.preview()
    assert preview["layout"]["yaxis"]["ticktext"] == ["a"]
    assert inspect.signature(dataset.preview).return_annotation.__name__ == "PlotlyPreview"


def test_a_page_comes_back_as_it_was(tmp_path: Path) -> None:
    dataset = Page(str(tmp_path / "p.html"))
    dataset.save("<p>ä</p>\n")
    assert dataset.load() == "<p>ä</p>\n"
