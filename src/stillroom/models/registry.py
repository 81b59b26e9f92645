"""The registry of architectures: a name and options in, an untrained model out.

    Architecture(name, options) + Shape(inputs, classes) ──> transformers.PreTrainedModel

Names map to builders; nothing is imported by a dotted path. Other packages add builders through
the entry point group `stillroom.models`, so every architecture that is installed can be built.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError, nearest
from stillroom.models.shape import Shape

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ENTRY_POINTS = "stillroom.models"

Builder = Callable[[Shape, Mapping[str, Any]], "PreTrainedModel"]


def build(name: str, options: Mapping[str, Any], shape: Shape, seed: int) -> "PreTrainedModel":
    """Build a model with weights drawn from `seed`, in training mode, on the CPU.

    Raises:
        ModelError: the name or an option is unknown, or the shape does not fit.
    """
    import torch

    known = builders()
    if name not in known:
        raise ModelError(
            f"The architecture {name} is not known.{nearest(name, list(known))} "
            f"Allowed: {', '.join(sorted(known))}."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return known[name](shape, options).train()


def builders() -> dict[str, Builder]:
    """Return every builder by name: the built-in ones, then those of installed packages."""
    from stillroom.models.architectures.mlp import build_mlp
    from stillroom.models.architectures.resnet import build_resnet
    from stillroom.models.architectures.transformer import build_transformer

    by_name: dict[str, Builder] = {
        "mlp": build_mlp,
        "resnet": build_resnet,
        "transformer": build_transformer,
    }
    for entry in entry_points(group=ENTRY_POINTS):
        by_name.setdefault(entry.name, entry.load())
    return by_name


def register_architectures() -> None:
    """Register the architectures of our own, so that `transformers` reads their directories."""
    # Each module registers its config and its model when it is imported.
    import stillroom.models.architectures.mlp
    import stillroom.models.architectures.sentence_encoder  # noqa: F401
