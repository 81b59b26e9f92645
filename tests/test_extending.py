"""The examples of docs/extending.md, installed as the package that the page describes, and run."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from support.examples.image_examples import image_examples
from support.plug_in.install import installed
from support.softlabels.dense_reference import log_softmax
from support.softlabels.linear_teachers import capture

from stillroom.config.compose import compose
from stillroom.config.schema import Data, GivenTeacher
from stillroom.data.encoders import read_encoder
from stillroom.data.sources.source_registry import source_of
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.models.shape import Shape
from stillroom.objectives.functional.targets import soft_target
from stillroom.objectives.kinds.build_term import soft_term
from stillroom.objectives.mixture import Mixture
from stillroom.registry import registry_of
from stillroom.reporting.page import html_of
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.stored_teachers import open_teacher, served, teacher_refs
from stillroom.teachers.teacher import CaptureSettings
from stillroom.teachers.teacher_kind import Preparation

PAGE = Path(__file__).resolve().parents[1] / "docs" / "extending.md"
MOST_LINES = 40

BLOCK = re.compile(
    r"^```\w+\n(?:# |{# )(stillroom_example/\S+)(?: #})?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
PYPROJECT = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def kinds() -> dict[str, dict[str, str]]:
    """Return the entry points of the page: group -> name -> value."""
    [text] = PYPROJECT.findall(PAGE.read_text())
    groups: dict[str, dict[str, str]] = tomllib.loads(text)["project"]["entry-points"]
    return {group.removeprefix("stillroom."): names for group, names in groups.items()}


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with the page's package, which is installed while the test runs."""
    folder = tmp_path / "site"
    for name, text in BLOCK.findall(PAGE.read_text()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "stillroom_example" / "__init__.py").touch()
    metadata = folder / "stillroom_example-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: stillroom-example\nVersion: 1.0"
    )
    lines = [
        f"[stillroom.{group}]\n" + "\n".join(f"{name} = {value}" for name, value in names.items())
        for group, names in kinds().items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    with installed(folder):
        yield folder


def test_each_example_has_at_most_40_lines_of_code_and_text() -> None:
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    lines = {text.splitlines()[0]: sum(map(bool, text.splitlines())) for text in sections}
    assert len(lines) == len(kinds())
    assert {title: count for title, count in lines.items() if count > MOST_LINES} == {}


def test_every_kind_of_the_page_is_found_by_its_registry(package: Path) -> None:
    for group, names in kinds().items():
        for name in names:
            assert registry_of(group).load(name) is not None


@pytest.mark.parametrize(
    "command", re.findall(r"^`kedro run .*--params (\S+)`$", PAGE.read_text(), re.MULTILINE)
)
def test_the_parameters_of_each_command_are_accepted(
    project: Path, package: Path, command: str
) -> None:
    runtime: dict[str, dict[str, str]] = {}
    for pair in command.split(","):
        key, _, value = pair.partition("=")
        section, _, name = key.partition(".")
        runtime.setdefault(section, {})[name] = float(value) if value[0].isdigit() else value
    assert compose(project, runtime)


def test_the_teacher_answers(tmp_path: Path, package: Path) -> None:
    made = image_examples(tmp_path)
    encoder = read_encoder(made.encoder)
    inputs = encoder.encode(made.examples.read())
    flat = inputs.reshape(len(inputs), -1)
    matrix = np.arange(flat.shape[1] * encoder.outputs).reshape(-1, encoder.outputs) / 1000
    np.save(tmp_path / "matrix.npy", matrix.astype(np.float32))
    given = GivenTeacher(source="linear", path="matrix.npy")
    preparation = Preparation(tmp_path, made.examples, encoder, EXACT)
    prepare_teachers([given], tmp_path / "ensemble", preparation)
    [ref] = teacher_refs(tmp_path / "ensemble")
    teacher = open_teacher(ref, CaptureSettings("none", seed=0, batch_size=16), encoder)
    answers = np.concatenate(list(teacher.answer(inputs)))
    assert answers == pytest.approx(flat @ matrix, rel=1e-4)
    assert served(ref.path, EXACT).size.parameters == matrix.size


def test_the_sparsifier_is_captured_and_read_back(tmp_path: Path, package: Path) -> None:
    nucleus = registry_of("sparsifiers").load("nucleus")(share=0.8, temperature=2.0)
    captured = capture(tmp_path / "set", members=1, sparsifier=nucleus)
    rows = captured.labels.distributions(captured.capture_inputs.names, temperature=2.0)
    p = np.exp(log_softmax(captured.dense(0) / 2))
    for stored, whole in zip(rows.dense(), p, strict=True):
        kept = stored > 0
        assert stored[kept] == pytest.approx(whole[kept], rel=1e-6)
        assert whole[kept].sum() >= 0.8
        assert whole[kept].sum() - whole[kept].min() < 0.8


def test_the_term_is_a_loss(package: Path) -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.9, 0.1]])
    term = soft_term("distance", 1.0, "tail_bucket", {"power": 1.0})
    loss = Mixture(0.0, ((1.0, term),))
    target = soft_target(p.log(), loss.temperatures)
    assert loss(q.log(), torch.tensor([-1]), target).item() == pytest.approx(0.8)


def test_the_architecture_is_built_and_read_back(tmp_path: Path, package: Path) -> None:
    shape = Shape((1, 28, 28), ("a", "b"))
    model = build("convnext", {"widths": [4, 8]}, shape, seed=0).eval()
    model.save_pretrained(tmp_path / "model")
    inputs = torch.arange(3 * 28 * 28).reshape(3, 1, 28, 28) / 1000
    logits = model(inputs).logits
    assert logits.shape == (3, 2)
    assert torch.equal(load_model(tmp_path / "model")(inputs).logits, logits)


def test_the_source_is_read(project: Path, package: Path) -> None:
    section = compose(project, {"groups": {"data": "bundled", "teacher": "mlp_ensemble"}})["data"]
    data = TypeAdapter(Data).validate_python(section)
    examples = source_of(data).read(data, project)
    assert (examples.kind, examples.shape, examples.frame.height) == ("features", (13,), 178)
    assert examples.frame["label"].value_counts(sort=True)["count"].to_list() == [71, 59, 48]


def test_the_export_format_writes_half_precision(tmp_path: Path, package: Path) -> None:
    model = build("mlp", {"hidden": [8]}, Shape((4,), ("a", "b")), seed=0).eval()
    inputs = np.random.default_rng(0).random((70, 4), dtype=np.float32)
    half = registry_of("exports").load("half")
    parity = half(tolerance=0.01).write(model, None, inputs, tmp_path)
    assert 0 < parity.largest_difference < 0.01
    assert (tmp_path / "half.safetensors").stat().st_size < 800
    with pytest.raises(ModelError, match="A logit of half"):
        half(tolerance=0.0).write(model, None, inputs, tmp_path)


def test_the_section_is_shown(package: Path) -> None:
    metrics = {"teacher": {"accuracy": 0.96}, "control": {"accuracy": 0.8}, "student": {}}
    section = registry_of("sections").load("mistakes")
    html = html_of(section, section.build(metrics))
    assert "The teacher makes 40 mistakes" in html
    assert "The control makes 200 mistakes" in html
    assert section.build({model: {} for model in metrics}) is None
