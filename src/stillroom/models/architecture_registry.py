"""The table of the architectures; `{teacher,student}.architecture.name` names one.

Architecture(name, options) + Shape(inputs, classes) ──build──> transformers.PreTrainedModel
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError
from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.models.architectures.architecture_kind import ArchitectureKind
    from stillroom.models.shape import Shape

REGISTRY: "Registry[type[ArchitectureKind]]" = Registry(
    "architectures",
    "an architecture",
    {
        "mlp": "stillroom.models.architectures.mlp:MlpKind",
        "resnet": "stillroom.models.architectures.resnet:ResnetKind",
        "transformer": "stillroom.models.architectures.transformer:TransformerKind",
    },
    KindContract(
        "stillroom.models.architectures.architecture_kind:ArchitectureKind",
        options=lambda kind: kind,
    ),
)


def build(name: str, options: Mapping[str, Any], shape: "Shape", seed: int) -> "PreTrainedModel":
    """Build a model with weights drawn from `seed`, in training mode, on the CPU.

    Raises:
        ConfigError: the name or an option is unknown, or a value is not allowed.
        ModelError: the architecture does not take these inputs, or its options do not fit them.
    """
    import torch

    REGISTRY.require(name, "architecture.name")
    kind = REGISTRY.load(name).of(options, "architecture.options")
    if shape.kind not in kind.takes:
        raise ModelError(
            f"{name} takes {' and '.join(kind.takes)}, but the inputs of shape {shape.inputs} are "
            f"{shape.kind}. Choose one of: {', '.join(names_that_take(shape.kind))}."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind.build(shape).train()


def names_that_take(inputs: str) -> list[str]:
    """Return the names of the architectures that take some inputs."""
    return [name for name in REGISTRY if inputs in REGISTRY.load(name).takes]


def register_architectures() -> None:
    """Register all architectures, so that `transformers` can read their directories.

    Raises:
        ConfigError: a package with an architecture cannot be imported.
    """
    import stillroom.models.architectures.sentence_encoder  # noqa: F401  (it registers itself)

    for name in REGISTRY:
        REGISTRY.load(name).register()
