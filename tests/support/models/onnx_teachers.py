"""ONNX files as `export` writes them, and teachers that are prepared from them."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.examples.image_examples import ImageExamples, image_examples, untrained_teachers

from stillroom.config.schema import GivenTeacher
from stillroom.data.encoders import read_encoder
from stillroom.export.onnx import export_onnx
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, Teacher
from stillroom.teachers.teacher_kind import Preparation

HOW = CaptureSettings("none", seed=0, batch_size=16)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `export` writes one: a model directory with model.onnx in it."""
    root = tmp_path_factory.mktemp("export")
    made = image_examples(root)
    folder = untrained_teachers(made, root / "models", members=1) / "member_0"
    inputs = read_encoder(made.encoder).encode(made.examples.read())
    export_onnx(load_model(folder), inputs, folder / "model.onnx")
    return folder


@pytest.fixture
def exported(export: Path, tmp_path: Path) -> Path:
    """A copy of the exported folder, for the test alone."""
    return Path(shutil.copytree(export, tmp_path / "exported"))


def preparation(made: ImageExamples, root: Path) -> Preparation:
    return Preparation(root, made.examples, read_encoder(made.encoder), EXACT)


def given(path: Path, **options: object) -> GivenTeacher:
    return GivenTeacher(source="onnx", path=str(path), **options)  # type: ignore[call-arg]


def prepared(made: ImageExamples, path: Path, root: Path, **options: object) -> Teacher:
    prepare_teachers([given(path, **options)], root / "ensemble", preparation(made, root))
    (ref,) = teacher_refs(root / "ensemble")
    return open_teacher(ref, HOW, read_encoder(made.encoder))


def answers(teacher: Teacher, inputs: np.ndarray) -> np.ndarray:
    return np.concatenate(list(teacher.answer(inputs)))


def move_tensors_beside(folder: Path) -> None:
    """Save the graph again, with its tensors in the file weights.bin beside it."""
    proto = onnx.load(folder / "model.onnx")
    (folder / "model.onnx").unlink()
    onnx.save(
        proto,
        folder / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=1024,
    )


def graph(nodes: list, outputs: list[str], path: Path, domain: str = "") -> None:
    """Write a graph from `inputs` [batch, 1, 8, 8] to outputs of unknown shape."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    start = helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["batch", 1, 8, 8])
    imports = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(helper.make_graph(nodes, "g", [start], ends), opset_imports=imports)
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())
