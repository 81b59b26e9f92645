"""Size: a model in, its parameters and their bytes out.

    model ──> parameters, those outside the embeddings, bytes of weights

The parameters outside the embeddings decide the speed of a language model: each token uses all of
them, but only one row of an embedding table.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a model.

    Attributes:
        parameters: how many there are; one that several layers share counts once.
        parameters_outside_embeddings: the same without the embedding tables of tokens, positions
            and types. An output layer that is tied to an embedding table is left out with it.
        weight_bytes: the bytes of the parameters, in the precision in which they are held.
    """

    parameters: int
    parameters_outside_embeddings: int
    weight_bytes: int


def size_of(model: "nn.Module") -> Size:
    """Return the size of a model. Buffers, for example running means, do not count."""
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
