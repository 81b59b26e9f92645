"""An export format: a program of torch.export, which runs without the code of the model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.errors import ModelError
from stillroom.export.export_format import ExportFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from stillroom.data.encoders import Encoder
    from stillroom.export.parity import Parity

FILE = "model.pt2"


@dataclass(frozen=True, kw_only=True)
class Program(ExportFormat):
    """One file for `torch.export.load`, with a free batch size."""

    tolerance: Annotated[float, Field(ge=0)] = 1e-5

    card = f"`{FILE}` is the same model for `torch.export.load`."

    def write(
        self, model: "PreTrainedModel", encoder: "Encoder", inputs: "NDArray[Any]", folder: Path
    ) -> "Parity":
        """Write the program, and compare its logits of all inputs with the model's."""
        import torch

        from stillroom.export.parity import Parity

        tensor, name = torch.from_numpy(inputs), model.main_input_name
        batch = {name: {0: torch.export.Dim("batch")}}
        program = torch.export.export(model, (), {name: tensor[:2]}, dynamic_shapes=batch)
        torch.export.save(program, folder / FILE)
        loaded = torch.export.load(folder / FILE).module()
        with torch.inference_mode():
            ours, theirs = (one(**{name: tensor}).logits for one in (model, loaded))
        difference = float((ours - theirs).abs().max())
        if difference > self.tolerance:
            raise ModelError(f"A logit of {FILE} differs by {difference:.3g}; raise tolerance.")
        return Parity(difference, len(inputs), self.tolerance)
