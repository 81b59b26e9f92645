"""ONNX files as teachers: the logits of the model that was exported, and what is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.examples.image_examples import ImageExamples, image_examples
from support.models.onnx_teachers import (
    HOW,
    answers,
    given,
    graph,
    preparation,
    prepared,
)

from stillroom.config.schema import Inference
from stillroom.data.encoders import read_encoder
from stillroom.errors import ConfigError, ModelError
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.kinds.onnx_kind import Onnx
from stillroom.teachers.stored_teachers import open_teacher, served, teacher_refs


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def test_an_exported_student_is_a_teacher_with_its_own_logits(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    teacher = prepared(made, exported, tmp_path)
    inputs = read_encoder(made.encoder).encode(made.examples.read())
    expected = logits(load_model(exported), inputs, 16)
    assert np.abs(answers(teacher, inputs) - expected).max() < 1e-5


def test_a_row_has_the_same_bits_regardless_of_its_batch(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    teacher = prepared(made, exported, tmp_path)
    inputs = read_encoder(made.encoder).encode(made.examples.read())
    order = np.random.default_rng(0).permutation(len(inputs))
    together, apart = answers(teacher, inputs), answers(teacher, inputs[order])
    assert np.array_equal(together[order], apart)
    assert np.array_equal(answers(teacher, inputs[7:8]), together[7:8])


def test_the_member_folder_holds_the_graph_its_encoder_and_its_kind(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    teacher = prepared(made, exported, tmp_path)
    folder = tmp_path / "ensemble" / "member_0"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["model.onnx", "preprocessor_config.json", "teacher.json"]
    (ref,) = teacher_refs(tmp_path / "ensemble")
    assert ref.source == "onnx"
    capture = teacher.keeping(Full()).capture
    assert (capture.weights, capture.device, capture.dtype) == (ref.weights, "cpu", "float32")
    assert [name.split()[0] for name in capture.libraries] == ["numpy", "onnxruntime"]


def test_another_weight_is_another_fingerprint(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    prepared(made, exported, tmp_path)
    folder = tmp_path / "ensemble" / "member_0"
    before = Onnx().identity(folder)
    proto = onnx.load(folder / "model.onnx")
    tensor = proto.graph.initializer[0]
    changed = onnx.numpy_helper.to_array(tensor) + np.float32(1e-3)
    tensor.CopyFrom(onnx.numpy_helper.from_array(changed, tensor.name))
    onnx.save(proto, folder / "model.onnx")
    after = Onnx().identity(folder)
    assert after.weights != before.weights
    assert after.architecture == before.architecture


def test_a_file_that_changed_while_in_use_is_refused(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    prepared(made, exported, tmp_path)
    (ref,) = teacher_refs(tmp_path / "ensemble")
    stale = replace(ref, identity=replace(ref.identity, weights="0" * 64))
    with pytest.raises(ModelError, match="changed while it was in use"):
        open_teacher(stale, HOW, read_encoder(made.encoder))


def test_its_cost_has_the_size_of_the_model_but_no_flops(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    prepared(made, exported, tmp_path)
    model = served(tmp_path / "ensemble" / "member_0", EXACT)
    counted = sum(weights.numel() for weights in load_model(exported).parameters())
    assert counted == 64 * 32 + 32 + 32 * 3 + 3
    assert model.size.parameters == counted
    assert model.size.weight_bytes == 4 * counted
    assert model.flops is None


def test_a_file_alone_needs_the_names_of_its_outputs(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone" / "any.onnx"
    alone.parent.mkdir()
    shutil.copy(exported / "model.onnx", alone)
    with pytest.raises(ModelError, match=r"Set teacher\.classes to the names in order"):
        prepared(made, alone, tmp_path)
    with pytest.raises(ModelError, match="has 3 classes"):
        prepared(made, alone, tmp_path, classes=["down", "across", "plain"])
    with pytest.raises(ConfigError, match=r"teacher\.classes is 3"):
        prepared(made, alone, tmp_path, classes=3)
    teacher = prepared(made, alone, tmp_path, classes=["across", "down", "plain"])
    assert teacher.classes == 3


def test_no_file_is_refused(made: ImageExamples, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Set teacher\.path to an ONNX file"):
        prepared(made, tmp_path / "nothing.onnx", tmp_path)


def test_two_outputs_are_refused(made: ImageExamples, exported: Path, tmp_path: Path) -> None:
    nodes = [helper.make_node("Flatten", ["inputs"], [name]) for name in ("logits", "hidden")]
    graph(nodes, ["logits", "hidden"], exported / "model.onnx")
    with pytest.raises(ModelError, match=r"has 2 outputs \(logits, hidden\)"):
        prepared(made, exported, tmp_path)


def test_another_number_of_outputs_is_refused(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    graph([helper.make_node("Flatten", ["inputs"], ["l"])], ["l"], exported / "model.onnx")
    with pytest.raises(ModelError, match="has 64 outputs, but its encoder has 3 classes"):
        prepared(made, exported, tmp_path)


def test_inputs_of_another_rank_are_refused_in_one_line(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    start = helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["batch", 3])
    end = helper.make_tensor_value_info("l", TensorProto.FLOAT, ["batch", 3])
    node = helper.make_node("Identity", ["inputs"], ["l"])
    model = helper.make_model(
        helper.make_graph([node], "g", [start], [end]), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    (exported / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="cannot answer inputs of the shape") as info:
        prepared(made, exported, tmp_path)
    assert "\n" not in str(info.value)


def test_settings_that_do_not_apply_to_a_file_are_named(
    made: ImageExamples, exported: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prepared(made, exported, tmp_path / "exact")
    assert "does not apply" not in caplog.text
    inference = Inference(dtype="bfloat16", device_map="auto")
    half = replace(preparation(made, tmp_path), inference=inference)
    prepare_teachers([given(exported)], tmp_path / "half", half)
    assert "teacher.dtype=bfloat16 does not apply to model.onnx" in caplog.text
    assert "teacher.device_map=auto does not apply to model.onnx" in caplog.text
