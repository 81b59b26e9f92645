"""ONNX: `model.onnx`, for ONNX Runtime."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT
from stillroom.export.export_format import ExportFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from stillroom.data.encoders import Encoder
    from stillroom.export.parity import Parity


@dataclass(frozen=True, kw_only=True, config=STRICT)
class OnnxFormat(ExportFormat):
    """A graph with the weights in it, in one file."""

    card = "`model.onnx` is the same model for ONNX Runtime."

    def write(
        self,
        model: "PreTrainedModel",
        encoder: "Encoder",
        inputs: "NDArray[Any]",
        folder: Path,
    ) -> "Parity":
        """Write `model.onnx`, and compare its answers."""
        from stillroom.export.onnx import FILE, export_onnx, measure_parity
        from stillroom.export.parity import compared_inputs

        export_onnx(model, inputs, folder / FILE)
        return measure_parity(model, folder / FILE, compared_inputs(inputs, encoder))
