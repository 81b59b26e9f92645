"""Size: a model in, its parameters and their bytes out.

    model ──> parameters, those outside the embeddings, bytes of weights

What a language model does with a token goes through the parameters outside its embeddings: from a
table of embeddings it takes one row, so speed depends on the others.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Size:
    """How large a model is.

    Attributes:
        parameters: each once, however many layers share it.
        parameters_outside_embeddings: without the tables that tokens, positions and types are
            looked up in; an output layer that is tied to such a table is that table.
        weight_bytes: of the parameters, in the precision that they are held in.
    """

    parameters: int
    parameters_outside_embeddings: int
    weight_bytes: int


def size_of(model: "nn.Module") -> Size:
    """Return the size of a model; its buffers, as running means, are no parameters."""
    from torch import nn

    tables = {id(one.weight) for one in model.modules() if isinstance(one, nn.Embedding)}
    tensors = list(model.parameters())
    return Size(
        parameters=sum(tensor.numel() for tensor in tensors),
        parameters_outside_embeddings=sum(
            tensor.numel() for tensor in tensors if id(tensor) not in tables
        ),
        weight_bytes=sum(tensor.numel() * tensor.element_size() for tensor in tensors),
    )
