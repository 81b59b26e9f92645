"""Architecture kinds: what an architecture takes, its options, and how it is built.

    {teacher,student}.architecture.name ──registry──> kind ──options──> untrained model

A kind is one class: a frozen pydantic dataclass whose fields are its options, the keys of
`architecture.options`. A module of a kind does not import PyTorch at its top, because the checks of
the configuration load it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from stillroom.config.kind_options import closed_options_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.models.shape import Shape

# What an encoder makes: pixels [C, H, W]; a vector of features or of counts of words; the tokens of
# a text with one label; the tokens of running text, each of which is predicted.
Inputs = Literal["images", "numbers", "tokens", "running_text"]


class ArchitectureKind(ABC):
    """A kind of architecture.

    Attributes:
        takes: the inputs that it can be built for.
    """

    takes: ClassVar[tuple[Inputs, ...]]

    @classmethod
    def of(cls, options: Mapping[str, Any], name: str) -> Self:
        """Return the kind with its options.

        Args:
            options: the options as plain values.
            name: the key of the options, for errors.

        Raises:
            ConfigError: an option is unknown or not allowed.
        """
        return closed_options_of(options, cls, name)

    @classmethod
    def register(cls) -> None:
        """Make model directories of this architecture readable for `transformers`.

        A class that `transformers` does not have must be registered there, by its config's
        `model_type`, before a stored model is read. By default nothing is done.
        """
        return

    @abstractmethod
    def build(self, shape: "Shape") -> "PreTrainedModel":
        """Return a model with weights drawn from PyTorch's generator.

        Args:
            shape: what it takes, one of `takes`, and what it predicts.

        Raises:
            ModelError: the options do not fit each other or the shape.
        """
