"""ONNX: a model directory in, `model.onnx` and how closely it agrees out.

model ──torch.onnx──> model.onnx ──onnxruntime──> logits ──difference──> Parity
"""

import contextlib
import io
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import ModelError
from stillroom.models.forward import logits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "model.onnx"
OPSET = 18
# Float32 sums in another order: seen up to 1e-5 on logits of about 20.
TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Parity:
    """How far two runs of one model lie apart.

    Attributes:
        largest_difference: of any logit on any input.
        inputs: how many inputs were compared.
        tolerance: what would have been accepted.
    """

    largest_difference: float
    inputs: int
    tolerance: float


def export_onnx(model: "PreTrainedModel", inputs: NDArray[np.float32], path: Path) -> None:
    """Write a model as ONNX; the first axis of its input stays free.

    Args:
        model: in evaluation mode.
        inputs: [N >= 2, *shape], real ones, to trace with.
        path: of the file to write.
    """
    import torch

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.model(**{model.main_input_name: inputs}).logits

    with _quiet():
        program = torch.onnx.export(
            Logits().eval(),
            (torch.from_numpy(inputs[:2]),),
            dynamo=True,
            opset_version=OPSET,
            input_names=["inputs"],
            output_names=["logits"],
            dynamic_shapes={"inputs": {0: torch.export.Dim("batch")}},
        )
    if program is None:
        raise ModelError("PyTorch returned no ONNX program for the student.")
    _strip(program.model_proto, path)


def measure_parity(
    model: "PreTrainedModel", path: Path, inputs: NDArray[np.float32], batch_size: int = 256
) -> Parity:
    """Compare the logits of a model and of its ONNX file on the same inputs.

    Raises:
        ModelError: they differ by more than the tolerance.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    theirs = np.concatenate(
        [
            session.run(["logits"], {"inputs": inputs[start : start + batch_size]})[0]
            for start in range(0, len(inputs), batch_size)
        ]
    )
    largest = float(np.abs(logits(model, inputs, batch_size) - theirs).max())
    if not largest <= TOLERANCE:
        raise ModelError(
            f"{path.name} differs from the student by {largest:.3g} in a logit; at most "
            f"{TOLERANCE:g} is accepted. Export with another architecture or version of PyTorch."
        )
    return Parity(largest, len(inputs), TOLERANCE)


def _strip(proto: object, path: Path) -> None:
    """Write the graph without the exporter's notes: they hold paths of this machine."""
    import onnx

    if not isinstance(proto, onnx.ModelProto):
        raise ModelError(f"PyTorch returned {type(proto).__name__}, not an ONNX model.")
    del proto.metadata_props[:]
    graphs = [proto.graph, *proto.functions]
    for graph in graphs:
        del graph.metadata_props[:]
        for node in graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        del value.metadata_props[:]
    for tensor in proto.graph.initializer:
        del tensor.metadata_props[:]
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString(deterministic=True))


@contextlib.contextmanager
def _quiet():  # type: ignore[no-untyped-def]
    """Keep the exporter's progress and deprecation notes off the terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
