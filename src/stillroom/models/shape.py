"""Shape: what a model takes and gives, and which options its builder knows.

encoder ──Shape.of──> Shape(inputs, classes, vocabulary) ──> a builder of `models.architectures`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stillroom.data.encoders import ArrayEncoder, Encoder
from stillroom.errors import ModelError, nearest


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a model of tokens takes.

    Attributes:
        size: how many ids there are.
        length: of the longest sequence.
        task: what it is asked of a sequence: its class, the next token, or tokens that are hidden.
        end, padding, mask: their ids; None where there are none.
    """

    size: int
    length: int
    task: Literal["classification", "next_token", "masked_token"]
    end: int | None = None
    padding: int | None = None
    mask: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model takes and gives.

    Attributes:
        inputs: the shape of one encoded example.
        classes: their names; none where it answers with tokens.
        vocabulary: of the tokens that it takes; None where it takes none.
    """

    inputs: tuple[int, ...]
    classes: tuple[str, ...]
    vocabulary: Vocabulary | None = None

    @classmethod
    def of(cls, encoder: Encoder) -> "Shape":
        """Return the shape of a model whose inputs an encoder makes."""
        if isinstance(encoder, ArrayEncoder):
            return cls(encoder.shape, encoder.classes)
        tokenizer = encoder.tokenizer
        vocabulary = Vocabulary(
            tokenizer.size,
            encoder.length,
            encoder.task,
            tokenizer.end,
            tokenizer.padding,
            tokenizer.mask if encoder.task == "masked_token" else None,
        )
        return cls(encoder.shape, encoder.classes, vocabulary)


def require_known(architecture: str, options: Mapping[str, Any], known: list[str]) -> None:
    """Refuse options that the architecture does not have.

    Raises:
        ModelError: names the first such option and the nearest known one.
    """
    for option in options:
        if option not in known:
            raise ModelError(
                f"architecture {architecture} has no option {option}.{nearest(option, known)} "
                f"Allowed: {', '.join(known)}."
            )
