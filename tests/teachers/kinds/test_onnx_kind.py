"""ONNX files as teachers: the logits of the model that was exported, and what is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.examples.image_examples import ImageExamples, image_examples, untrained_teachers

from stillroom.config.schema import GivenTeacher
from stillroom.data.encoders import read_encoder
from stillroom.errors import ConfigError, ModelError
from stillroom.export.onnx import export_onnx
from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.given_teachers import prepare_teachers
from stillroom.teachers.kinds.onnx_kind import Onnx
from stillroom.teachers.stored_teachers import open_teacher, served, teacher_refs
from stillroom.teachers.teacher import CaptureSettings, Teacher
from stillroom.teachers.teacher_kind import Preparation

HOW = CaptureSettings("none", seed=0, batch_size=16)


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


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


@pytest.mark.parametrize(
    "content", [b"", b"not an onnx file", b"\x00" * 100], ids=["empty", "text", "zeros"]
)
def test_a_file_that_is_not_onnx_is_refused(
    made: ImageExamples, exported: Path, tmp_path: Path, content: bytes
) -> None:
    (exported / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="is not an ONNX file"):
        prepared(made, exported, tmp_path)


def test_a_link_is_refused(made: ImageExamples, exported: Path, tmp_path: Path) -> None:
    (exported / "model.onnx").rename(tmp_path / "elsewhere.onnx")
    (exported / "model.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    with pytest.raises(ModelError, match="is missing or a link"):
        prepared(made, exported, tmp_path)


def graph(nodes: list, outputs: list[str], path: Path, domain: str = "") -> None:
    """Write a graph from `inputs` [batch, 1, 8, 8] to outputs of unknown shape."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    start = helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["batch", 1, 8, 8])
    imports = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(helper.make_graph(nodes, "g", [start], ends), opset_imports=imports)
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())


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


def test_an_operator_of_its_own_is_refused(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    node = helper.make_node("Magic", ["inputs"], ["l"], domain="evil")
    graph([node], ["l"], exported / "model.onnx", domain="evil")
    with pytest.raises(ModelError, match="needs the operator Magic of evil"):
        prepared(made, exported, tmp_path)


@pytest.mark.parametrize(
    "place",
    ["../secret.bin", "/etc/passwd", "sub/id_rsa", "model.onnx", "teacher.json", "a" * 5000],
    ids=["above", "absolute", "folder", "graph", "mark", "long"],
)
def test_data_outside_of_the_folder_is_refused(
    made: ImageExamples, exported: Path, tmp_path: Path, place: str
) -> None:
    proto = onnx.load(exported / "model.onnx")
    external = proto.graph.initializer[0]
    external.ClearField("raw_data")
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value=place)
    (exported / "model.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match="is not the name of a file beside it"):
        prepared(made, exported, tmp_path)


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


def test_data_beside_the_file_is_copied_and_belongs_to_the_fingerprint(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    move_tensors_beside(exported)
    teacher = prepared(made, exported, tmp_path)
    folder = tmp_path / "ensemble" / "member_0"
    inputs = read_encoder(made.encoder).encode(made.examples.read())
    expected = logits(load_model(exported), inputs, 16)
    assert np.abs(answers(teacher, inputs) - expected).max() < 1e-5
    before = Onnx().identity(folder).weights
    content = bytearray((folder / "weights.bin").read_bytes())
    content[0] ^= 1
    (folder / "weights.bin").write_bytes(content)
    assert Onnx().identity(folder).weights != before


def test_another_size_is_another_architecture(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    inputs = read_encoder(made.encoder).encode(made.examples.read())
    identities = []
    for width in (16, 64):
        folder = tmp_path / str(width)
        folder.mkdir()
        export_onnx(
            build("mlp", {"hidden": [width]}, made.shape, 0).eval(), inputs, folder / "model.onnx"
        )
        identities.append(Onnx().identity(folder))
    assert identities[0].architecture != identities[1].architecture


@pytest.mark.parametrize("suffix", [".json", ".textproto", ".onnxtxt"])
def test_the_suffix_of_a_file_does_not_choose_its_parser(
    made: ImageExamples, exported: Path, tmp_path: Path, suffix: str
) -> None:
    other = exported / f"model{suffix}"
    other.write_bytes(b"{")
    with pytest.raises(ModelError, match="is not an ONNX file"):
        prepared(made, other, tmp_path)
    (exported / "model.onnx").replace(other)
    assert prepared(made, other, tmp_path).classes == 3


def test_tensors_behind_a_link_are_refused(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    move_tensors_beside(exported)
    (exported / "weights.bin").rename(tmp_path / "elsewhere.bin")
    (exported / "weights.bin").symlink_to(tmp_path / "elsewhere.bin")
    with pytest.raises(ModelError, match=r"weights\.bin is missing or a link"):
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
