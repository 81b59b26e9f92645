"""Parity: how closely an exported model answers as the trained one.

Parity of each format ──parity_document──> parity.json
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.data.encoders import Encoder

SEQUENCES = 64  # that are compared; a language model has many logits for each


@dataclass(frozen=True, slots=True)
class Parity:
    """How closely a model and its exported copy agree.

    Attributes:
        largest_difference: the largest difference of a logit over all inputs.
        inputs: how many inputs were compared.
        tolerance: the largest difference that is accepted.
    """

    largest_difference: float
    inputs: int
    tolerance: float


def compared_inputs(inputs: "NDArray[Any]", encoder: "Encoder") -> "NDArray[Any]":
    """Return the inputs on which both copies answer: all, or of sequences the first 64."""
    from stillroom.data.encoders import ArrayEncoder

    return inputs if isinstance(encoder, ArrayEncoder) else inputs[:SEQUENCES]


def parity_document(parities: Mapping[str, Parity]) -> dict[str, Any]:
    """Return the document: the parity of the worst format, and with several, that of each.

    Args:
        parities: by the name of the format; at least one. The worst is the one whose difference is
            the largest share of its tolerance.
    """
    worst = max(parities.values(), key=_share_of_tolerance)
    each = {name: asdict(parity) for name, parity in parities.items()}
    return asdict(worst) | ({"formats": each} if len(each) > 1 else {})


def _share_of_tolerance(parity: Parity) -> float:
    if parity.tolerance:
        return parity.largest_difference / parity.tolerance
    return float("inf") if parity.largest_difference else 0.0
