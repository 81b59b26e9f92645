"""Layer initialisation: the directory of a teacher in, a student with some of its layers out.

    teacher of L layers ──embeddings, chosen layers, head──> student of n layers, as wide

DistilBERT starts this way (Sanh et al. 2019, arXiv 1910.01108, section 2): with six of twelve
layers, among them the first and the last.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.schema import FROM_TEACHER
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import load_model, read_encoder

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

COUNT = "num_hidden_layers"


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """Which layers of a teacher a student copies.

    Attributes:
        layers: how many, evenly spread with the first and the last among them; or `half` of them;
            or their numbers, from 0.
    """

    layers: int | tuple[int, ...] | Literal["half"]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "LayerChoice":
        """Return the choice that the options of the architecture make.

        Raises:
            ModelError: the options hold another option, or the layers are no numbers.
        """
        others = sorted(set(options) - {"layers"})
        if others:
            raise ModelError(
                f"{FROM_TEACHER} has the option layers alone, not {others[0]}: the student is as "
                "wide as its teacher. Remove it, or set student.architecture.name=transformer."
            )
        layers = options.get("layers")
        if layers == "half":
            return cls("half")
        if type(layers) is int and layers > 0:
            return cls(layers)
        if isinstance(layers, list) and layers and all(type(one) is int for one in layers):
            return cls(tuple(layers))
        raise ModelError(
            f"{FROM_TEACHER}: layers is {layers!r}. Set it to half, to a number of layers, for "
            "example 3, or to a list of layers, for example [0, 2, 4]."
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
                f"from 0 to {count - 1}. List layers of the teacher, each of them once."
            )
        return indices


def student_of_layers(
    teacher: Path, options: Mapping[str, Any], encoder: Encoder
) -> "PreTrainedModel":
    """Return a student that starts with some layers of its teacher, in training mode.

    Args:
        teacher: the directory of the teacher.
        options: `layers` alone.
        encoder: the encoder of the student, which must equal the teacher's.

    Raises:
        ModelError: the teacher does not have these layers, or has another encoder.
    """
    layers = LayerChoice.of(options)
    if read_encoder(teacher) != encoder:
        raise ModelError(
            f"{FROM_TEACHER}: {teacher} and the student encode their inputs differently. Set "
            "data.text.tokenizer=teacher, or student.architecture.name=transformer."
        )
    model = load_model(teacher)
    count = getattr(model.config.get_text_config(), COUNT, None)
    if not isinstance(count, int):
        raise ModelError(
            f"{FROM_TEACHER}: the config of {type(model).__name__} has no {COUNT}. Set "
            "student.architecture.name to another architecture."
        )
    student = _of_layers(model, layers.indices(count), count)
    if (
        encoder.kind == "sequence"
    ):  # the teacher's embedding may be padded to a round number of tokens
        student.resize_token_embeddings(encoder.outputs)
    return student.train()


def _of_layers(model: "PreTrainedModel", chosen: Sequence[int], count: int) -> "PreTrainedModel":
    """Return a model with these layers; everything else stays as it is."""
    student = type(model)(_config_of(model.config, chosen, count))
    student.load_state_dict(_renumbered(model, chosen, count))
    return student


def _config_of(config: "PreTrainedConfig", chosen: Sequence[int], count: int) -> "PreTrainedConfig":
    """Return a config of fewer layers; its lists with one item per layer lose the same layers."""
    config = deepcopy(config)
    inner = (
        config.get_text_config()
    )  # of the encoder inside a sentence model; else the config itself
    for name, value in inner.to_dict().items():
        if isinstance(value, list) and len(value) == count and name.startswith("layer"):
            setattr(inner, name, [value[layer] for layer in chosen])
    setattr(inner, COUNT, len(chosen))
    return config


def _renumbered(model: "PreTrainedModel", chosen: Sequence[int], count: int) -> "dict[str, Tensor]":
    """Return the weights by the names that they have in the student."""
    stack, number = _stack(model, count), {layer: at for at, layer in enumerate(chosen)}
    inside = re.compile(rf"{re.escape(stack)}\.(\d+)\.(.+)")
    weights = {}
    for name, values in model.state_dict().items():
        layer = inside.fullmatch(name)
        if layer is None:
            weights[name] = values
        elif int(layer[1]) in number:
            weights[f"{stack}.{number[int(layer[1])]}.{layer[2]}"] = values
    return weights


def _stack(model: "PreTrainedModel", count: int) -> str:
    """Return the name of the list that holds the layers."""
    from torch.nn import ModuleList

    for name, module in model.named_modules():
        if isinstance(module, ModuleList) and len(module) == count:
            return name
    raise ModelError(
        f"{FROM_TEACHER}: {type(model).__name__} does not hold its layers in a ModuleList. Set "
        "student.architecture.name to another architecture."
    )


def _spread(wanted: int, count: int) -> list[int]:
    """Return numbers from 0 to count - 1 at even distances: 6 of 12 layers are 0 2 4 7 9 11."""
    if wanted == 1:
        return [0]
    return [round(at * (count - 1) / (wanted - 1)) for at in range(wanted)]
