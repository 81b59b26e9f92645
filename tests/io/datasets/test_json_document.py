"""Documents and pages as datasets: canonical bytes, existence, previews."""

import base64
import inspect
import json
from pathlib import Path

import pytest
from kedro.io import DatasetError

from stillroom.io.datasets.json_document import Document, FigureDocument, Page


def test_a_saved_document_is_loaded_and_previewed_unchanged(tmp_path: Path) -> None:
    dataset = Document(str(tmp_path / "a" / "d.json"))
    assert not dataset.exists()
    dataset.save({"b": 1, "a": [None, 0.5]})
    assert dataset.exists()
    assert dataset.load() == {"b": 1, "a": [None, 0.5]}
    assert json.loads(dataset.preview()) == dataset.load()


def test_a_value_that_is_not_json_leaves_the_old_document(tmp_path: Path) -> None:
    dataset = Document(str(tmp_path / "d.json"))
    dataset.save({"a": 1})
    with pytest.raises(DatasetError):
        dataset.save({"a": object()})
    assert dataset.load() == {"a": 1}


def test_a_figure_is_drawn_from_the_document(tmp_path: Path) -> None:
    dataset = FigureDocument(str(tmp_path / "d.json"), "tree")
    dataset.save({})
    assert base64.b64decode(dataset.preview()).startswith(b"\x89PNG")
    assert inspect.signature(dataset.preview).return_annotation.__name__ == "ImagePreview"


def test_a_saved_page_is_loaded_unchanged(tmp_path: Path) -> None:
    dataset = Page(str(tmp_path / "p.html"))
    dataset.save("<p>ä</p>\n")
    assert dataset.load() == "<p>ä</p>\n"
