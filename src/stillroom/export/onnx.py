"""ONNX: a model in, `model.onnx` and its largest difference from the model out.

model ──torch.onnx──> model.onnx ──onnxruntime──> logits ──difference──> Parity
"""

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import TOKENS
from stillroom.errors import ModelError
from stillroom.export.parity import Parity
from stillroom.io.no_telemetry import onnx_runtime
from stillroom.models.forward.forward_kwargs import is_classifier, is_decoder, pad_token_id

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

FILE = "model.onnx"
OPSET = 18
INPUTS = "inputs"
BATCH_SIZE, SEQUENCES = 256, 8
# onnxruntime sums float32 in another order: differences up to 1e-5 were measured, on logits of 20.
TOLERANCE = 1e-3


def export_onnx(model: "PreTrainedModel", inputs: NDArray[Any], path: Path) -> None:
    """Write a model as ONNX, with a free batch size, and a free length for tokens.

    Args:
        model: the model, in evaluation mode.
        inputs: [N >= 2, *shape], real inputs for the trace.
        path: the file to write.

    Raises:
        ModelError: PyTorch returns no ONNX model.
    """
    import torch

    tensors = feeds(model, inputs[:2])
    names = list(tensors)
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    free = {0: batch} if names == [INPUTS] else {0: batch, 1: length}

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            return _logits(self.model, dict(zip(names, tensors, strict=True)))

    with _quiet():
        program = torch.onnx.export(
            Logits().eval(),
            tuple(torch.from_numpy(one) for one in tensors.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=["logits"],
            dynamic_shapes={"tensors": tuple(free for _ in names)},
        )
    if program is None:
        raise ModelError(
            "PyTorch returned no ONNX program for the student. Choose another architecture, or "
            "another version of PyTorch."
        )
    _strip(program.model_proto, path)


def feeds(model: "PreTrainedModel", inputs: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the inputs of the exported model, by name.

    Each sequence of [N, 3, length] counts as one text. It becomes `input_ids` and `attention_mask`,
    which deployment tools for language models expect.
    """
    if inputs.dtype.kind == "f":
        return {INPUTS: inputs}
    tokens = inputs[:, TOKENS].astype(np.int64)
    padding = pad_token_id(model) if is_classifier(model) else 0
    ids = np.where(tokens < 0, padding, tokens)
    return {"input_ids": ids, "attention_mask": (tokens >= 0).astype(np.int64)}


def measure_parity(model: "PreTrainedModel", path: Path, inputs: NDArray[Any]) -> Parity:
    """Compare the logits of a model and of its ONNX file on the same inputs.

    Raises:
        ModelError: the logits differ by more than the tolerance.
    """
    import torch

    session = onnx_runtime().InferenceSession(path, providers=["CPUExecutionProvider"])
    size = BATCH_SIZE if inputs.dtype.kind == "f" else SEQUENCES
    largest = 0.0
    for start in range(0, len(inputs), size):
        feed = feeds(model, inputs[start : start + size])
        with torch.inference_mode():
            ours = _logits(model, {name: torch.from_numpy(one) for name, one in feed.items()})
        difference = np.abs(ours.numpy() - session.run(["logits"], feed)[0])
        if difference.ndim == 3:  # logits per token; those of padding have no meaning
            difference = difference[feed["attention_mask"] > 0]
        largest = max(largest, float(difference.max()))
    if not largest <= TOLERANCE:
        raise ModelError(
            f"A logit of {path.name} differs from the student's by {largest:.3g}; at most "
            f"{TOLERANCE:g} is allowed. Choose another architecture, or another version of PyTorch."
        )
    return Parity(largest, len(inputs), TOLERANCE)


def _logits(model: "PreTrainedModel", feed: "dict[str, Tensor]") -> "Tensor":
    if INPUTS in feed:
        return model(**{model.main_input_name: feed[INPUTS]}).logits
    cache_option = {"use_cache": False} if is_decoder(model) else {}
    return model(**feed, **cache_option).logits


def _strip(proto: object, path: Path) -> None:
    """Write the graph without the metadata of the exporter, which holds paths of this machine."""
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
    """Silence the progress and the deprecation warnings of the exporter."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
