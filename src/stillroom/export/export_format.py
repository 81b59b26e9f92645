"""Export formats: what a format writes beside the student, and its options.

    export.formats ──registry──> format ──options in export.<name>──> files, Parity

A format is one class: a frozen pydantic dataclass whose fields are its options, the keys of
`export.<name>`. Its module imports neither PyTorch nor numpy at its top, because the checks of the
configuration load it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from stillroom.kinds.kind_errors import named_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from stillroom.data.encoders import Encoder
    from stillroom.export.parity import Parity


class ExportFormat(ABC):
    """An export format.

    Attributes:
        card: a sentence of the student's card: which files the format writes, and for what.
    """

    card: ClassVar[str]

    @abstractmethod
    def write(
        self,
        model: "PreTrainedModel",
        encoder: "Encoder",
        inputs: "NDArray[Any]",
        folder: Path,
    ) -> "Parity":
        """Write the files of the format, then read them and compare their answers with the model's.

        Args:
            model: the student, in evaluation mode, on the CPU.
            encoder: the encoder of its inputs.
            inputs: [N >= 2, *shape], the encoded test split.
            folder: the folder of the student. Its files and those of other formats must stay.

        Raises:
            ModelError: the model cannot be written, or its answers differ by too much.
        """


def write_formats(
    formats: Mapping[str, ExportFormat],
    model: "PreTrainedModel",
    encoder: "Encoder",
    inputs: "NDArray[Any]",
    folder: Path,
) -> "dict[str, Parity]":
    """Write a student in several formats, and return the parity of each.

    Args:
        formats: the formats by name.
        model: as in `ExportFormat.write`, and so are the other arguments.
        encoder: the encoder of its inputs.
        inputs: the encoded test split.
        folder: the folder of the student.

    Raises:
        ModelError: a format cannot be written, or its answers differ by too much.
        ConfigError: the code of another package failed; the format is named.
    """
    parities = {}
    for name, one in formats.items():
        with named_errors(
            f"The export format {name}",
            type(one).__module__,
            f"remove {name} from export.formats",
        ):
            parities[name] = one.write(model, encoder, inputs, folder)
    return parities
