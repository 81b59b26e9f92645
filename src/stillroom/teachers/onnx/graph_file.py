"""ONNX files of others: what is checked before ONNX Runtime reads one, and what is copied.

path ──find_onnx──> file ──copy_onnx──> folder/model.onnx and the tensors that lie beside it
                          └─checked_graph, in a bounded worker: operators, output, names of files

A graph of others is parsed in a bounded worker only. This process parses copies that passed.
"""

import os
import re
import shutil
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.model_files import CONFIG
from stillroom.data.encoders import ArrayEncoder, Encoder, TokenEncoder
from stillroom.errors import DataError, ModelError
from stillroom.evaluation.cost.parameter_counts import Size
from stillroom.io.bounded_worker import Bounds, run_bounded
from stillroom.io.byte_sizes import size_text
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.files.holes import is_mostly_holes
from stillroom.io.files.regular_file import NotRegularFileError, open_regular
from stillroom.io.json.json_files import read_json
from stillroom.models.pretrained.model_directory import PREPROCESSOR, read_given_encoder
from stillroom.models.pretrained.own_files import own_file
from stillroom.teachers.classes.imported_classes import SINGLE_LABEL
from stillroom.teachers.teacher import Identity

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

FILE = "model.onnx"
PLAIN_NAME = re.compile(r"[\w][\w .+-]{0,199}")  # of a file beside the graph, without folders
RESERVED = (FILE, PREPROCESSOR, "teacher.json", "tokenizer.json", "tokenizer_config.json")
LONGEST = 80  # characters of a refused name that an error repeats
FLOATS = {1: 4, 10: 2, 11: 8, 16: 2, 3: 1, 2: 1}  # bytes by type: FLOAT, FLOAT16, DOUBLE, …, INT8
PROBABILITIES = {
    "Sigmoid": "which gives a probability to each of several labels at once",
    "Softmax": "so that its output is probabilities, not logits",
}
MOST_BYTES = 2**31  # of a message of protobuf, which a graph is
BASE_MEMORY, MEMORY_PER_BYTE = 2 * 2**30, 4
STANDARD = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")  # operators that ONNX Runtime has


def find_onnx(path: Path) -> Path:
    """Return the ONNX file at a path, or in the folder at that path.

    Raises:
        ModelError: there is none.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise ModelError(
            f"{file} does not exist. Set teacher.path to an ONNX file, or to a folder with {FILE}."
        )
    return file


def own_encoder(file: Path, encoder: Encoder, classes: list[str] | None) -> Encoder:
    """Return the encoder of an ONNX file: the one beside it, else that of the examples.

    Args:
        file: the ONNX file.
        encoder: the encoder of the examples.
        classes: the names of its outputs, where no encoder lies beside the file.

    Raises:
        ModelError: no encoder lies beside the file, and its outputs have no names.
    """
    from dataclasses import replace

    if (file.parent / PREPROCESSOR).is_file():
        return read_given_encoder(file.parent)
    if classes is None or not isinstance(encoder, ArrayEncoder | TokenEncoder):
        raise ModelError(
            f"No {PREPROCESSOR} lies beside {file.name}, so that it is not known which class each "
            "output is. Set teacher.classes to the names in order, or copy the whole folder that "
            "`export` wrote."
        )
    return replace(encoder, classes=tuple(classes))


def copy_onnx(file: Path, folder: Path) -> None:
    """Copy a graph and the tensors that lie beside it.

    Raises:
        ModelError: the file is no ONNX graph or a link, needs operators of its own, or refers to
            data outside of its folder.
    """
    beside = _checked(file)
    folder.mkdir(parents=True)
    _copy(own_file(file, file.parent), folder / FILE)
    for name in beside:
        _copy(own_file(file.parent / name, file.parent), folder / name)


def checked_graph(file: str) -> list[str]:
    """Return the names of the files beside a graph that hold its tensors, in a bounded worker.

    Raises:
        ModelError: as `copy_onnx`.
    """
    path = Path(file)
    proto = _graph(path)
    _require_standard_operators(proto, path)
    _require_logits(proto, path)
    return _files_beside(proto, path)


def bounds_of(folder_or_file: Path) -> Bounds:
    """Return what a worker may take to open a graph: gigabytes, and some times its files."""
    files = folder_or_file.iterdir() if folder_or_file.is_dir() else [folder_or_file]
    size = sum(file.stat().st_size for file in files if file.is_file())
    return Bounds(memory=BASE_MEMORY + MEMORY_PER_BYTE * size, seconds=300)


def _checked(file: Path) -> list[str]:
    real = own_file(file, file.parent)
    size = real.stat().st_size
    if size > MOST_BYTES:
        raise ModelError(
            f"{file} has {size_text(size)}, but a graph has at most {size_text(MOST_BYTES)}. Save "
            "the model with its tensors in a file beside the graph."
        )
    _require_no_holes(real)
    names = run_bounded(checked_graph, str(file.absolute()), subject=file, bounds=bounds_of(real))
    return [str(name) for name in names]


def _require_no_holes(file: Path) -> None:
    if is_mostly_holes(file):
        raise ModelError(
            f"{file} was mostly never written: the rest are holes, which read as zeros. Copy it "
            "again."
        )


def _copy(source: Path, target: Path) -> None:
    """Copy a regular file; a link is refused when it is opened, not before."""
    if source.is_file():
        _require_no_holes(source)
    try:
        stream = open_regular(source, os.O_NOFOLLOW)
    except NotRegularFileError:
        raise ModelError(
            f"{source} is not a regular file. Replace it with the file itself."
        ) from None
    except OSError as error:
        raise ModelError(
            f"{source} is missing or a link. Replace it with the file itself."
        ) from error
    with stream, target.open("xb") as copy:
        shutil.copyfileobj(stream, copy)


def tensor_files(file: Path) -> list[Path]:
    """Return the files beside a graph that hold its tensors; none if the graph is broken."""
    try:
        return [file.parent / name for name in _checked(file)]
    except (DataError, ModelError, OSError):  # `copy_onnx` reports it
        return []


def identity_of(folder: Path) -> Identity:
    """Return the hash of the graph with its tensors, and of its inputs and outputs.

    Raises:
        ModelError: the folder has no ONNX graph.
    """
    file = find_onnx(folder)
    proto = _graph(file)
    beside = {name: sha256_file(folder / name) for name in _files_beside(proto, file)}
    ends = [*proto.graph.input, *proto.graph.output]
    signature = [value.SerializeToString(deterministic=True).hex() for value in ends]
    operators = [f"{node.domain}:{node.op_type}" for node in proto.graph.node]
    shapes = [[tensor.data_type, *tensor.dims] for tensor in _tensors(proto)]
    weights = sha256_json({"graph": sha256_file(file), "beside": beside})
    architecture = {"ends": signature, "operators": operators, "tensors": shapes}
    return Identity(weights, sha256_json(architecture))


def size_of_graph(folder: Path) -> Size:
    """Return the size of a graph: its tensors of floats, and those that no `Gather` looks up."""
    proto = _graph(find_onnx(folder))
    tables = {node.input[0] for node in proto.graph.node if node.op_type == "Gather"}
    sizes = {
        tensor.name: (prod(tensor.dims), FLOATS[tensor.data_type])
        for tensor in _tensors(proto)
        if tensor.data_type in FLOATS
    }
    return Size(
        parameters=sum(count for count, _ in sizes.values()),
        parameters_outside_embeddings=sum(
            count for name, (count, _) in sizes.items() if name not in tables
        ),
        weight_bytes=sum(count * width for count, width in sizes.values()),
    )


def _graph(file: Path) -> "ModelProto":
    import onnx
    from google.protobuf.message import DecodeError

    try:
        # `onnx.load` would choose another parser for another suffix.
        proto = onnx.load_model_from_string(file.read_bytes())
    except DecodeError as error:
        raise ModelError(f"{file} is not an ONNX file: {error}") from error
    if not proto.graph.node:
        raise ModelError(f"{file} is not an ONNX file, or its graph is empty. Export it again.")
    return proto


def _require_standard_operators(proto: "ModelProto", file: Path) -> None:
    own = {function.domain for function in proto.functions}
    for node in proto.graph.node:
        if node.domain not in (*STANDARD, *own):
            raise ModelError(
                f"{file.name} needs the operator {node.op_type} of {node.domain}, which ONNX "
                "Runtime does not have. Export the model with standard operators."
            )


def _require_logits(proto: "ModelProto", file: Path) -> None:
    """Refuse a graph whose output is known to be no logits of one class for each input."""
    made_by = {name: node.op_type for node in proto.graph.node for name in node.output}
    for output in proto.graph.output:
        operator = made_by.get(output.name)
        if operator in PROBABILITIES:
            raise ModelError(
                f"{file.name} ends in {operator}, {PROBABILITIES[operator]}. Export the model with "
                "its logits, those of one class for each input, as its output."
            )
    config = file.parent / CONFIG
    document = read_json(config) if config.is_file() else None
    problem = document.get("problem_type") if isinstance(document, dict) else None
    if problem not in (None, SINGLE_LABEL):
        raise ModelError(
            f"{config} sets problem_type to {str(problem)[:40]}, but Stillroom distils classifiers "
            "that give one class for each input. Choose such a classifier."
        )


def _files_beside(proto: "ModelProto", file: Path) -> list[str]:
    """Return the names of the files with the tensors of a graph, relative to its folder.

    Raises:
        ModelError: a tensor lies outside of the folder.
    """
    names = {
        entry.value
        for tensor in _tensors(proto)
        for entry in tensor.external_data
        if entry.key == "location"
    }
    for name in names:
        if not PLAIN_NAME.fullmatch(name) or name in RESERVED:
            raise ModelError(
                f"{file.name} keeps a tensor in {name[:LONGEST]!r}, which is not the name of a "
                "file beside it. Save the model with its data in one file beside it."
            )
    return sorted(names)


def _tensors(proto: "ModelProto") -> "list[TensorProto]":
    from onnx.external_data_helper import _get_all_tensors

    return list(_get_all_tensors(proto))
