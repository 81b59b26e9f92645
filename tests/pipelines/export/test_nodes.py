"""Export: the package holds the student, its ONNX copy and a card with its lineage."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.evaluation.planted_answers import planted_evidence
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.licences_and_lineage import a_lineage, own_licence

from stillroom.config.compose import compose
from stillroom.config.schema import Export
from stillroom.data.encoders import read_encoder
from stillroom.errors import SanityError
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.pipelines.export.nodes import _written, export_student
from stillroom.reporting.sections.run.parity import SECTION

QUALITY = {"accuracy": 0.5, "nll": 1.0, "ece": 0.1, "agreement": 0.9, "kl_to_teacher": 0.1}
METRICS = {
    "teacher": QUALITY,
    "control": QUALITY,
    "student": QUALITY,
    "gain": {"accuracy": 0.0, "nll": 0.0},
}

STATISTICS = planted_evidence().to_json()


ALARM = {"code": "student_at_chance", "text": "It knows nothing.", "way_out": "Train it."}


def under_an_alarm(project: Path, parameters: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """Run the node; nothing but the alarms may be read."""
    nothing: Any = None
    return export_student(*[nothing] * 8, [ALARM], parameters, Export(formats=["onnx"]))


def test_an_alarm_stops_the_export(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(SanityError, match=r"Alarm: It knows nothing\. Train it\."):
        under_an_alarm(project, compose(project))


def test_with_a_warning_the_package_has_only_a_card_that_begins_with_the_alarm(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    package, parity = under_an_alarm(project, compose(project, {"evaluate": {"sanity": "warn"}}))
    assert [path.name for path in package.iterdir()] == ["README.md"]
    assert (package / "README.md").read_text().startswith("    Alarm: It knows nothing. Train it.")
    assert parity == {}
    assert SECTION.build(parity=parity) is None  # so the page has no section on it


def test_the_package_is_the_student_and_names_its_teachers(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    students = untrained_teachers(made, project / "students")
    (students / "member_0").rename(students / "student")
    labels = soft_labels(made, untrained_teachers(made, project / "t"), project / "s")
    package, parity = export_student(
        students,
        made.examples,
        made.encoder,
        METRICS,
        STATISTICS,
        labels,
        own_licence(2).to_json(),
        a_lineage(name="tiny").to_json(),
        [],
        compose(project),
        Export(formats=["onnx"]),
    )
    assert weights_hash(package) == weights_hash(students / "student")
    assert parity["inputs"] == 30
    assert parity["largest_difference"] <= parity["tolerance"]
    card = (package / "README.md").read_text()
    assert labels.manifest.fingerprint in card
    assert "`student tiny`" in card
    assert "license_name: not-chosen" in card
    for capture in labels.manifest.captures:
        assert capture.weights in card
    assert sorted(path.name for path in package.iterdir()) == [
        "README.md", "config.json", "model.onnx", "model.safetensors", "preprocessor_config.json",
    ]  # fmt: skip


def test_an_image_student_of_transformers_has_an_image_processor(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made = image_examples(project)
    model = build("resnet", {"hidden_sizes": [4], "depths": [1]}, made.shape, seed=0)
    save_model(model.eval(), read_encoder(made.encoder), project / "package")
    _written({}, project / "package", read_encoder(made.encoder), made.examples)
    processor = json.loads((project / "package" / "processor_config.json").read_text())
    assert processor["image_processor"]["image_mean"] == list(read_encoder(made.encoder).mean)
