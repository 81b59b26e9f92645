"""Previews: every figure of the catalog can be drawn, even without anything to draw."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.io import DataCatalog
from PIL import Image
from support.evaluation.family_records import kin
from support.report_documents import Documents

from stillroom.data.encoders import read_encoder
from stillroom.reporting import previews

CATALOG = Path(__file__).parents[2] / "conf" / "base" / "catalog.yml"
ENTRIES: dict[str, dict[str, Any]] = {
    name: entry
    for name, entry in yaml.safe_load(CATALOG.read_text(encoding="utf-8")).items()
    if "figure" in entry
}
PAINTED = {
    "teacher_curves",
    "student_curves",
    "slices",
    "dark_knowledge",
    "reliability",
    "confusion",
    "similarity",
    "family",
}


@pytest.fixture
def contents(documents: Documents) -> dict[str, Any]:
    """Return the content of the files, by entry of the catalog."""
    classes = read_encoder(documents["encoder"]).classes
    return {
        "teacher_curves": documents["teacher_curves"],
        "student_curves": documents["student_curves"],
        "slices": documents["slices"],
        "dark_knowledge": documents["dark_knowledge"],
        "reliability": documents["reliability"],
        "confusion": documents["confusion"],
        "similarity": [
            {"actual": actual, "looks_like": other, "probability": 0.1}
            for actual in classes
            for other in classes
        ],
        "family": [kin("teacher", 0.9, 1e6), kin("student", 0.8, 1e4)],
    }


def size(png: bytes) -> tuple[int, int]:
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    image.load()
    return image.size


def test_the_catalog_draws_what_it_always_drew() -> None:
    assert set(ENTRIES) == PAINTED


@pytest.mark.parametrize("name", sorted(PAINTED))
def test_kedro_viz_shows_the_image(name: str, contents: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("kedro_viz", reason="the extra viz is absent")
    from kedro_viz.models.flowchart.node_metadata import DataNodeMetadata
    from kedro_viz.models.flowchart.nodes import GraphNode

    path = tmp_path / "plot.json"
    path.write_text(json.dumps(contents[name]), encoding="utf-8")
    entry = {name: ENTRIES[name] | {"filepath": str(path)}}
    node = GraphNode.create_data_node(
        dataset_id=name,
        dataset_name=name,
        layer=None,
        tags=set(),
        dataset=DataCatalog.from_config(entry).get(name),
        node_extras=None,
        modular_pipelines=set(),
    )
    metadata = DataNodeMetadata(data_node=node)
    assert metadata.preview_type == "ImagePreview"
    assert str(metadata.preview).startswith("iVBORw0KGgo")  # a PNG's signature in Base64


@pytest.mark.parametrize(
    "name", ["curves", "reliability", "confusion", "similarity", "family", "tree"]
)
def test_where_there_is_nothing_to_draw_the_image_says_so(name: str) -> None:
    assert size(getattr(previews, name)({} if name == "tree" else [])) == (720, 120)


def test_models_stand_side_by_side(contents: dict[str, Any]) -> None:
    # Three figures of 360 by 380 units, two pixels for each.
    assert size(previews.confusion(contents["confusion"])) == (2160, 760)


def test_the_confusions_classes_are_sorted_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []

    def drawings(records: object, classes: list[str]) -> list[object]:
        orders.append(classes)
        return [previews.blank("drawn")]

    monkeypatch.setattr(previews, "confusion_drawings", drawings)
    pairs = [("10", "9"), ("b", "2"), ("a", "10")]
    previews.confusion([{"actual": actual, "predicted": other} for actual, other in pairs])
    assert orders == [["2", "9", "10", "a", "b"]]
