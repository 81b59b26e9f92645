"""The table of architectures: a name and options in, an untrained model out.

    Architecture(name, options) + Shape(inputs, classes) ──> transformers.PreTrainedModel

Names map to builders; there is no import by dotted path. Other packages add builders through the
entry point group `stillroom.models`, so what can be built is what is installed.
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
    from stillroom.models.architectures.mlp import build_mlp
    from stillroom.models.architectures.resnet import build_resnet
    from stillroom.models.architectures.transformer import build_transformer

    builders: dict[str, Builder] = {
        "mlp": build_mlp,
        "resnet": build_resnet,
        "transformer": build_transformer,
    }
    for entry in entry_points(group=ENTRY_POINTS):
        builders.setdefault(entry.name, entry.load())
    return builders
