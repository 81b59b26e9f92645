"""An export format from a package of the tests' own, from the parameters to the shipped student."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from support.evaluation.planted_answers import planted_evidence
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.licences_and_lineage import a_lineage, own_licence
from support.plug_in.install import install, installed

from stillroom.config.compose import compose
from stillroom.config.schema import Export
from stillroom.data.encoders import read_encoder
from stillroom.errors import ConfigError
from stillroom.models.pretrained.model_directory import load_model
from stillroom.pipelines.export.nodes import export_student

CHOICE = {"groups": {"export": "program"}}
QUALITY = {"accuracy": 0.5, "nll": 1.0, "ece": 0.1, "agreement": 0.9, "kl_to_teacher": 0.1}
METRICS = dict.fromkeys(["teacher", "control", "student"], QUALITY) | {
    "gain": {"accuracy": 0.0, "nll": 0.0}
}


@pytest.fixture
def made(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ImageExamples]:
    """Examples in the project of the working directory; the package is installed."""
    monkeypatch.chdir(project)
    with installed(install(tmp_path_factory.mktemp("site"))):
        yield image_examples(project)


def exported(project: Path, made: ImageExamples, **options: Any) -> tuple[Path, dict[str, Any]]:
    """Run the stage `export` over an untrained student."""
    parameters = compose(project, CHOICE | ({"export": options} if options else {}))
    students = untrained_teachers(made, project / "students")
    (students / "member_0").rename(students / "student")
    return export_student(
        students=students,
        examples=made.examples,
        encoder=made.encoder,
        metrics=METRICS,
        statistics=planted_evidence().to_json(),
        soft_labels=soft_labels(made, untrained_teachers(made, project / "t"), project / "s"),
        licence=own_licence(2).to_json(),
        lineage=a_lineage(name="tiny").to_json(),
        alarms=[],
        parameters=parameters,
        export=TypeAdapter(Export).validate_python(parameters["export"]),
    )


def test_its_file_answers_as_the_student(project: Path, made: ImageExamples) -> None:
    folder, parity = exported(project, made)
    assert {"model.onnx", "model.pt2", "model.safetensors"} <= {p.name for p in folder.iterdir()}
    inputs = torch.from_numpy(read_encoder(made.encoder).encode(made.examples.read()))
    model = load_model(folder)
    with torch.inference_mode():
        loaded = torch.export.load(folder / "model.pt2").module()
        theirs = loaded(**{model.main_input_name: inputs}).logits
        torch.testing.assert_close(theirs, model(inputs).logits)
    assert set(parity["formats"]) == {"onnx", "program"}
    assert parity["formats"]["program"]["tolerance"] == 1e-5
    assert parity["formats"]["onnx"]["inputs"] == parity["formats"]["program"]["inputs"] == 30


def test_the_card_names_its_file(project: Path, made: ImageExamples) -> None:
    folder, _ = exported(project, made)
    card = " ".join((folder / "README.md").read_text().split())
    assert "`model.pt2` is the same model for `torch.export.load`." in card
    assert "`model.onnx` is the same model for ONNX Runtime." in card


def test_it_can_be_the_only_format(project: Path, made: ImageExamples) -> None:
    folder, parity = exported(project, made, formats=["program"])
    assert not (folder / "model.onnx").exists()
    assert set(parity) == {"largest_difference", "inputs", "tolerance"}
    assert "model.onnx" not in (folder / "README.md").read_text()


def test_its_option_reaches_it(project: Path, made: ImageExamples) -> None:
    _, parity = exported(project, made, program={"tolerance": 0.5})
    assert parity["formats"]["program"]["tolerance"] == 0.5


def test_names_and_options_are_checked_before_anything_runs(
    project: Path, made: ImageExamples
) -> None:
    for runtime, words in (
        (
            {"program": {"tolerance": -1.0}},
            "export.program.tolerance is -1.0; it must be at least 0",
        ),
        ({"program": {"tolernce": 1.0}}, "Did you mean export.program.tolerance?"),
        (
            {"formats": ["onnx", "progam"]},
            "export.formats is progam, which is not an export format",
        ),
        ({"formats": ["onnx", "onnx"]}, "export.formats lists onnx twice"),
        ({"formats": []}, "it must be a list of at least 1 values"),
    ):
        with pytest.raises(ConfigError) as raised:
            compose(project, CHOICE | {"export": runtime})
        assert words in str(raised.value)


def test_without_the_package_there_is_no_such_format(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"export\.formats is program, .*Allowed: onnx\."):
        compose(project, {"export": {"formats": ["program"]}})
