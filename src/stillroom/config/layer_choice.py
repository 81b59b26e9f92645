"""Layer choice: the options of `from_teacher`, which name the layers that a student copies.

options ──LayerChoice.of──> choice ──indices(number of the teacher's layers)──> layers
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from stillroom.config.schema import FROM_TEACHER
from stillroom.errors import ConfigError, ModelError


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """The layers of a teacher that a student copies.

    Attributes:
        layers: how many layers, at even distances, the first and the last among them; or `half`
            of them; or their numbers, from 0.
    """

    layers: int | tuple[int, ...] | Literal["half"]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "LayerChoice":
        """Return the choice that the options of the architecture make.

        Raises:
            ConfigError: the options hold another option, or the layers are not numbers.
        """
        others = sorted(set(options) - {"layers"})
        if others:
            raise ConfigError(
                f"The only option of {FROM_TEACHER} is layers, not {others[0]}: the student is as "
                f"wide as its teacher. Remove {others[0]}, or set "
                "student.architecture.name=transformer."
            )
        layers = options.get("layers")
        if layers == "half":
            return cls("half")
        if type(layers) is int and layers > 0:
            return cls(layers)
        if isinstance(layers, list) and layers and all(type(one) is int for one in layers):
            return cls(tuple(layers))
        raise ConfigError(
            f"{FROM_TEACHER}: layers is {layers!r}. Set it to half, to a number of layers (for "
            "example 3), or to a list of layers (for example [0, 2, 4])."
        )

    def indices(self, count: int) -> list[int]:
        """Return the numbers of the layers, in ascending order.

        Raises:
            ModelError: the teacher has fewer layers, or a layer is listed twice.
        """
        if isinstance(self.layers, tuple):
            indices, wanted = sorted(set(self.layers)), len(self.layers)
        else:
            wanted = max(1, count // 2) if self.layers == "half" else self.layers
            indices = _spread(wanted, count)
        if len(indices) < wanted or indices[0] < 0 or indices[-1] >= count or wanted > count:
            raise ModelError(
                f"{FROM_TEACHER}: layers is {self.layers}, but the teacher has {count} layers, "
                f"from 0 to {count - 1}. List only layers of the teacher, each of them once."
            )
        return indices


def _spread(wanted: int, count: int) -> list[int]:
    """Return numbers from 0 to count - 1 at even distances: 6 of 12 layers are 0 2 4 7 9 11."""
    if wanted == 1:
        return [0]
    return [round(at * (count - 1) / (wanted - 1)) for at in range(wanted)]
