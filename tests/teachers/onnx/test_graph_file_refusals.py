"""ONNX files of others: which graphs and which files beside them are refused or copied."""

import resource
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.examples.image_examples import ImageExamples, image_examples
from support.models.onnx_teachers import (
    answers,
    graph,
    move_tensors_beside,
    prepared,
)

from stillroom.data.encoders import read_encoder
from stillroom.errors import DataError, ModelError
from stillroom.export.onnx import export_onnx
from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.kinds.onnx_kind import Onnx
from stillroom.teachers.onnx import graph_file


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


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
    with pytest.raises(ModelError, match="is a link to another place"):
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
    with pytest.raises(ModelError, match=r"weights\.bin is a link"):
        prepared(made, exported, tmp_path)


@pytest.mark.parametrize("operator", ["Sigmoid", "Softmax"])
def test_probabilities_are_refused(
    made: ImageExamples, exported: Path, tmp_path: Path, operator: str
) -> None:
    graph([helper.make_node(operator, ["inputs"], ["l"])], ["l"], exported / "model.onnx")
    with pytest.raises(
        ModelError, match=rf"ends in {operator}, .*Export the model with its logits"
    ):
        prepared(made, exported, tmp_path)


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression"])
def test_a_config_beside_the_file_that_says_several_labels_is_refused(
    made: ImageExamples, exported: Path, tmp_path: Path, problem: str
) -> None:
    (exported / "config.json").write_text(f'{{"problem_type": "{problem}"}}')
    with pytest.raises(ModelError, match=f"sets problem_type to {problem}"):
        prepared(made, exported, tmp_path)


def constant(elements: int, path: Path) -> None:
    """Write a graph of 200 bytes whose output is a sum over so many numbers."""
    shape = helper.make_node(
        "Constant", [], ["n"], value=helper.make_tensor("n", TensorProto.INT64, [1], [elements])
    )
    fill = helper.make_node("ConstantOfShape", ["n"], ["ones"])
    add = helper.make_node("ReduceSum", ["ones"], ["sum"])
    graph([shape, fill, add, helper.make_node("Add", ["sum", "inputs"], ["l"])], ["l"], path)


@pytest.mark.parametrize("elements", [2**30, 2**60])
def test_a_graph_that_takes_the_memory_is_refused_in_a_process_of_its_own(
    made: ImageExamples, exported: Path, tmp_path: Path, elements: int
) -> None:
    constant(elements, exported / "model.onnx")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises((DataError, ModelError), match=r"model\.onnx cannot (be|answer)") as raised:
        prepared(made, exported, tmp_path)
    assert "\n" not in str(raised.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB


@pytest.mark.parametrize(
    ("size", "words"), [(40 * 2**30, "at most 2.15 GB"), (2**30, "holes, which read as zeros")]
)
def test_a_sparse_file_is_refused_before_it_is_read(
    made: ImageExamples, exported: Path, tmp_path: Path, size: int, words: str
) -> None:
    with (exported / "model.onnx").open("r+b") as file:
        file.truncate(size)
    with pytest.raises(ModelError, match=words):
        prepared(made, exported, tmp_path)
    assert Onnx().files(exported)[0] == exported / "model.onnx"


def test_sparse_tensors_beside_a_graph_are_refused(
    made: ImageExamples, exported: Path, tmp_path: Path
) -> None:
    move_tensors_beside(exported)
    with (exported / "weights.bin").open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(ModelError, match=r"weights\.bin .* holes, which read as zeros"):
        prepared(made, exported, tmp_path)


def test_millions_of_empty_nodes_are_refused(
    made: ImageExamples, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_file, "BASE_MEMORY", 2**27)
    nodes = b"\x0a\x00" * 2**21  # an empty node is two bytes, and takes a hundred in memory
    length = len(nodes)
    prefix = bytearray(b"\x3a")
    while length > 127:
        prefix.append(length & 127 | 128)
        length >>= 7
    (exported / "model.onnx").write_bytes(bytes([*prefix, length]) + nodes)
    with pytest.raises((DataError, ModelError), match=r"model\.onnx (cannot be read|is not)"):
        prepared(made, exported, tmp_path)
