"""Shapes: the inputs and outputs of a model, by which a builder sizes it.

encoder ──Shape.of──> Shape(inputs, classes, vocabulary) ──> a builder of `models.architectures`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stillroom.data.encoders import ArrayEncoder, Encoder
from stillroom.errors import ModelError, nearest


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The vocabulary of a model of tokens.

    Attributes:
        size: how many ids there are.
        length: the length of the longest sequence.
        task: what the model predicts: the class of a text, the next token, or masked tokens.
        end, padding, mask: the ids of these tokens; None where the tokenizer has none.
    """

    size: int
    length: int
    task: Literal["classification", "next_token", "masked_token"]
    end: int | None = None
    padding: int | None = None
    mask: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The inputs and outputs of a model.

    Attributes:
        inputs: the shape of one encoded example.
        classes: the names of the classes; empty where the model predicts tokens.
        vocabulary: the vocabulary of its inputs; None where they are not tokens.
    """

    inputs: tuple[int, ...]
    classes: tuple[str, ...]
    vocabulary: Vocabulary | None = None

    @classmethod
    def of(cls, encoder: Encoder) -> "Shape":
        """Return the shape of a model for the inputs of an encoder."""
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


def require_known_options(architecture: str, options: Mapping[str, Any], known: list[str]) -> None:
    """Refuse options that the architecture does not have.

    Raises:
        ModelError: names the first unknown option and the nearest known one.
    """
    for option in options:
        if option not in known:
            raise ModelError(
                f"The architecture {architecture} has no option {option}.{nearest(option, known)} "
                f"Allowed: {', '.join(known)}."
            )
