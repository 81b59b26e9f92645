"""Inherited models: a teacher's directory in, a student of some of its layers out.

    teacher of L layers ──embeddings, chosen layers, head──> student of n layers, as wide

DistilBERT's student starts so (Sanh et al. 2019, arXiv 1910.01108, section 2): of twelve layers
six, among them the first and the last.
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
class Layers:
    """Which layers of a teacher a student takes.

    Attributes:
        chosen: so many, evenly spread with the first and the last among them, or half of what there
            are; or their numbers, from 0.
    """

    chosen: int | tuple[int, ...] | Literal["half"]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Layers":
        """Return what the options of the architecture say.

        Raises:
            ModelError: another option is given, or the layers are no numbers.
        """
        others = sorted(set(options) - {"layers"})
        if others:
            raise ModelError(
                f"{FROM_TEACHER} takes layers as wide as the teacher's, and {others[0]} would be "
                "another. Leave it out, or set student.architecture.name=transformer."
            )
        given = options.get("layers")
        if given == "half":
            return cls("half")
        if type(given) is int and given > 0:
            return cls(given)
        if isinstance(given, list) and given and all(type(one) is int for one in given):
            return cls(tuple(given))
        raise ModelError(
            f"{FROM_TEACHER}: layers is {given!r}; it must be half, how many, as in 3, or which, "
            "as in [0, 2, 4]."
        )

    def out_of(self, count: int) -> list[int]:
        """Return the numbers of the layers, rising.

        Raises:
            ModelError: the teacher has fewer, or one is named twice.
        """
        if isinstance(self.chosen, tuple):
            found, wanted = sorted(set(self.chosen)), len(self.chosen)
        else:
            wanted = max(1, count // 2) if self.chosen == "half" else self.chosen
            found = _spread(wanted, count)
        if len(found) < wanted or found[0] < 0 or found[-1] >= count or wanted > count:
            raise ModelError(
                f"{FROM_TEACHER}: layers is {self.chosen}, and the teacher has {count}, from 0 to "
                f"{count - 1}. Name each once."
            )
        return found


def inherit(teacher: Path, options: Mapping[str, Any], encoder: Encoder) -> "PreTrainedModel":
    """Return a student that starts as some layers of its teacher, in training mode.

    Args:
        teacher: its directory.
        options: `layers` alone.
        encoder: of the student's inputs, which must be the teacher's.

    Raises:
        ModelError: the teacher has no such layers, or its inputs are others.
    """
    layers = Layers.of(options)
    if read_encoder(teacher) != encoder:
        raise ModelError(
            f"{FROM_TEACHER}: {teacher} encodes its inputs otherwise than the student would. Set "
            "data.text.tokenizer=teacher, or student.architecture.name=transformer."
        )
    model = load_model(teacher)
    count = getattr(model.config.get_text_config(), COUNT, None)
    if not isinstance(count, int):
        raise ModelError(
            f"{FROM_TEACHER}: {type(model).__name__} does not count its layers. Set another "
            "student.architecture."
        )
    student = _of_layers(model, layers.out_of(count), count)
    if encoder.kind == "sequence":  # a teacher's table may be padded to a round number
        student.resize_token_embeddings(encoder.outputs)
    return student.train()


def _of_layers(model: "PreTrainedModel", chosen: Sequence[int], count: int) -> "PreTrainedModel":
    """Return a model of these layers, all else as it is."""
    student = type(model)(_config_of(model.config, chosen, count))
    student.load_state_dict(_renumbered(model, chosen, count))
    return student


def _config_of(config: "PreTrainedConfig", chosen: Sequence[int], count: int) -> "PreTrainedConfig":
    """Return a config of fewer layers; what it lists for each layer is chosen likewise."""
    config = deepcopy(config)
    inner = config.get_text_config()  # of a model with an encoder inside, else the same
    for name, value in inner.to_dict().items():
        if isinstance(value, list) and len(value) == count and name.startswith("layer"):
            setattr(inner, name, [value[layer] for layer in chosen])
    setattr(inner, COUNT, len(chosen))
    return config


def _renumbered(model: "PreTrainedModel", chosen: Sequence[int], count: int) -> "dict[str, Tensor]":
    """Return the weights under the names that they have in the student."""
    stack, number = _stack(model, count), {layer: at for at, layer in enumerate(chosen)}
    inside = re.compile(rf"{re.escape(stack)}\.(\d+)\.(.+)")
    found = {}
    for name, values in model.state_dict().items():
        layer = inside.fullmatch(name)
        if layer is None:
            found[name] = values
        elif int(layer[1]) in number:
            found[f"{stack}.{number[int(layer[1])]}.{layer[2]}"] = values
    return found


def _stack(model: "PreTrainedModel", count: int) -> str:
    """Return the name of the list that holds the layers."""
    from torch.nn import ModuleList

    for name, part in model.named_modules():
        if isinstance(part, ModuleList) and len(part) == count:
            return name
    raise ModelError(
        f"{FROM_TEACHER}: {type(model).__name__} keeps its layers in no list. Set another "
        "student.architecture."
    )


def _spread(wanted: int, count: int) -> list[int]:
    """Return numbers from 0 to count - 1 at even distances: of 12 layers 6 are 0 2 4 7 9 11."""
    if wanted == 1:
        return [0]
    return [round(at * (count - 1) / (wanted - 1)) for at in range(wanted)]
