"""Layer initialisation: the directory of a teacher in, a student with some of its layers out.

    teacher of L layers ──embeddings, chosen layers, head──> student of n layers of the same width

DistilBERT starts this way (Sanh et al. 2019, arXiv 1910.01108, section 2): with six of the twelve
layers of its teacher, among them the first and the last.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.layer_choice import LayerChoice
from stillroom.config.schema import FROM_TEACHER
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import load_model, read_encoder

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

COUNT = "num_hidden_layers"


def student_of_layers(
    teacher: Path, options: Mapping[str, Any], encoder: Encoder
) -> "PreTrainedModel":
    """Return a student that starts with some layers of its teacher, in training mode.

    Args:
        teacher: the directory of the teacher.
        options: only `layers`.
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
    if encoder.kind == "sequence":
        # The teacher's embedding may be padded to a round number of tokens.
        student.resize_token_embeddings(encoder.outputs)
    return student.train()


def _of_layers(model: "PreTrainedModel", chosen: Sequence[int], count: int) -> "PreTrainedModel":
    """Return a model with these layers; everything else stays as it is."""
    student = type(model)(_config_of(model.config, chosen, count))
    student.load_state_dict(_renumbered(model, chosen, count))
    return student


def _config_of(config: "PreTrainedConfig", chosen: Sequence[int], count: int) -> "PreTrainedConfig":
    """Return a config with fewer layers; its lists of one item per layer get the same items."""
    config = deepcopy(config)
    # In a sentence model this is the config of the encoder, else the config itself.
    inner = config.get_text_config()
    for name, value in inner.to_dict().items():
        if isinstance(value, list) and len(value) == count and name.startswith("layer"):
            setattr(inner, name, [value[layer] for layer in chosen])
    setattr(inner, COUNT, len(chosen))
    return config


def _renumbered(model: "PreTrainedModel", chosen: Sequence[int], count: int) -> "dict[str, Tensor]":
    """Return the weights under their names in the student."""
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
