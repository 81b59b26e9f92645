"""Shapes: the inputs and outputs of a model, which decide its sizes.

encoder ──Shape.of──> Shape(inputs, classes, vocabulary) ──> a builder of `models.architectures`
"""

from dataclasses import dataclass
from typing import Literal

from stillroom.data.encoders import ArrayEncoder, Encoder
from stillroom.models.architectures.architecture_kind import Inputs


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The vocabulary of a model of tokens.

    Attributes:
        size: how many ids there are.
        length: the length of the longest sequence.
        task: what the model predicts: the class of a text, the next token, or masked tokens.
        end, padding, mask: the ids of these tokens; None if the tokenizer has no such token.
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
        classes: the names of the classes; empty if the model predicts tokens.
        vocabulary: the vocabulary of its inputs; None if they are not tokens.
    """

    inputs: tuple[int, ...]
    classes: tuple[str, ...]
    vocabulary: Vocabulary | None = None

    @property
    def kind(self) -> Inputs:
        """What the inputs are, which decides the architectures that take them."""
        if self.vocabulary is None:
            return "images" if len(self.inputs) == 3 else "numbers"
        return "tokens" if self.vocabulary.task == "classification" else "running_text"

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
