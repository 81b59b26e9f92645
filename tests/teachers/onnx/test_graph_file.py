"""The files that belong to an ONNX graph: those of its tensors, none for a file that is broken."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from stillroom.config.dvc.watched_files import digest_outside, teacher_digest
from stillroom.teachers.kinds.onnx_kind import Onnx
from stillroom.teachers.onnx.graph_file import tensor_files


def graph_with_tensors_in(location: str, folder: Path) -> Path:
    """Write y = x + b with b in another file, and return the path of the graph."""
    folder.mkdir()
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [64]) for name in ("x", "y")]
    add = helper.make_node("Add", ["x", "b"], ["y"])
    values = numpy_helper.from_array(np.arange(64, dtype=np.float32), "b")
    model = helper.make_model(helper.make_graph([add], "g", ends[:1], ends[1:], [values]))
    path = folder / "net.onnx"
    onnx.save(model, path, save_as_external_data=True, location=location, size_threshold=0)
    return path


def test_the_file_of_the_tensors_belongs_to_the_graph(tmp_path: Path) -> None:
    file = graph_with_tensors_in("net.bin", tmp_path / "m")
    assert tensor_files(file) == [tmp_path / "m" / "net.bin"]
    (tmp_path / "m" / "tokenizer.json").write_text("{}")
    (tmp_path / "m" / "notes.txt").write_text("not read")
    names = ["net.onnx", "net.bin", "tokenizer.json"]
    assert [path.name for path in Onnx().files(file)] == names


def test_a_changed_tensor_changes_what_dvc_sees(tmp_path: Path) -> None:
    graph_with_tensors_in("net.bin", tmp_path / "m")
    section = {"source": "onnx", "path": "m/net.onnx", "licence": "own"}
    before = teacher_digest(section, tmp_path), digest_outside(section, tmp_path)
    (tmp_path / "m" / "net.bin").write_bytes(bytes(256))
    after = teacher_digest(section, tmp_path), digest_outside(section, tmp_path)
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize("content", [b"", b"{", b"\x00\xff" * 100])
def test_a_broken_file_has_no_tensors_and_raises_no_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(content)
    assert Onnx().files(file) == [file]
    file.unlink()
    assert Onnx().files(file) == [file]
    assert Onnx().files(tmp_path) == [tmp_path / "model.onnx"]


def test_tensors_outside_of_the_folder_are_not_looked_at(tmp_path: Path) -> None:
    file = graph_with_tensors_in("net.bin", tmp_path / "m")
    proto = onnx.load(file, load_external_data=False)
    (entry,) = [e for e in proto.graph.initializer[0].external_data if e.key == "location"]
    entry.value = "../net.bin"
    file.write_bytes(proto.SerializeToString())
    assert Onnx().files(file) == [file]
