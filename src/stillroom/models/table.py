"""The table of architectures: a name and options in, an untrained model out.

    Architecture(name, options) + Shape(inputs, classes) ──> transformers.PreTrainedModel

Names map to builders; there is no import by dotted path. Other packages add builders through the
entry point group `stillroom.models`, so what can be built is what is installed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from stillroom.data.encoders import ArrayEncoder, Encoder
from stillroom.errors import ModelError, nearest

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ENTRY_POINTS = "stillroom.models"


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


Builder = Callable[[Shape, Mapping[str, Any]], "PreTrainedModel"]


def build(name: str, options: Mapping[str, Any], shape: Shape, seed: int) -> "PreTrainedModel":
    """Build a model with weights drawn from `seed`, in training mode, on the CPU.

    Raises:
        ModelError: the name or an option is unknown, or the shape does not fit.
    """
    import torch

    builders = table()
    if name not in builders:
        raise ModelError(
            f"architecture {name} is not known.{nearest(name, list(builders))} "
            f"Allowed: {', '.join(sorted(builders))}."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return builders[name](shape, options).train()


def table() -> dict[str, Builder]:
    """Return every builder by name: the built-in ones, then those of installed packages."""
    from stillroom.models.mlp import build_mlp
    from stillroom.models.resnet import build_resnet
    from stillroom.models.transformer import build_transformer

    builders: dict[str, Builder] = {
        "mlp": build_mlp,
        "resnet": build_resnet,
        "transformer": build_transformer,
    }
    for entry in entry_points(group=ENTRY_POINTS):
        builders.setdefault(entry.name, entry.load())
    return builders


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
