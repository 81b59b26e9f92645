"""Target modules: a model and student.adapter.targets in, which layers to adapt out, for peft.

targets null ──peft's table, by the type of the model──> its entry
targets      ──each must be a layer of the model───────> the targets, or the near names in an error
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError, nearest

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PreTrainedModel

WHOLE = "To train all weights, set groups.adapter=none."


def target_modules(
    model: "PreTrainedModel", targets: Sequence[str] | None, without: Collection[str]
) -> list[str] | str:
    """Return which layers an adapter changes: how their names end, or a regular expression.

    Args:
        model: the model, without an adapter.
        targets: the names that were set; a name is one layer's, or the end of several layers'.
        without: the names of modules that are trained whole, and so not adapted.

    Raises:
        ModelError: peft lists no layers for this type of model, a target is no layer of the model,
            or a layer of another kind.
    """
    layers = _layers(model, without)
    if targets is None:
        return _of_table(model, layers)
    for target in targets:
        _require_layer(model, target, layers)
    return list(targets)


def _layers(model: "PreTrainedModel", without: Collection[str]) -> list[str]:
    """Return the names of the layers that can be adapted: linear ones and convolutions."""
    output = model.get_output_embeddings()
    return [
        name
        for name, module in model.named_modules()
        if _is_linear(module)
        and module is not output
        and not any(name == one or name.startswith(f"{one}.") for one in without)
    ]


def _is_linear(module: "Module") -> bool:
    from torch.nn import Conv1d, Conv2d, Linear
    from transformers.pytorch_utils import Conv1D

    return isinstance(module, Linear | Conv1d | Conv2d | Conv1D)


def _of_table(model: "PreTrainedModel", layers: Sequence[str]) -> list[str] | str:
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as TABLE

    # A sentence encoder has a type of its own; its text config is that of the encoder in it.
    types = dict.fromkeys([model.config.model_type, model.config.get_text_config().model_type])
    listed: Any = next((TABLE[one] for one in types if one in TABLE), None)
    if listed is None:
        raise ModelError(
            f"student.adapter.targets is null, but peft lists no layers for the model type "
            f"{model.config.model_type}. Set it to some of the layers: {_short(layers)}. {WHOLE}"
        )
    if not any(_is_listed(name, listed) for name in layers):
        raise ModelError(
            f"student.adapter.targets is null, and peft lists {_words(listed)} for the model type "
            f"{model.config.model_type}, but {type(model).__name__} has no such layer. Set it to "
            f"some of the layers: {_short(layers)}. {WHOLE}"
        )
    return listed if isinstance(listed, str) else list(listed)


def _is_listed(name: str, listed: Any) -> bool:
    """Tell whether an entry of peft's table, names or a regular expression, means a layer."""
    if isinstance(listed, str):
        return re.fullmatch(listed, name) is not None
    return any(_ends_in(name, one) for one in listed)


def _require_layer(model: "PreTrainedModel", target: str, layers: Sequence[str]) -> None:
    output, is_layer = model.get_output_embeddings(), False
    for name, module in model.named_modules():
        if not _ends_in(name, target):
            continue
        if module is output:
            raise ModelError(
                f"student.adapter.targets names {target}, which is the output layer. It stays as "
                f"it is: the loss reads its weights. Choose from: {_short(layers)}. {WHOLE}"
            )
        is_layer = is_layer or name in layers
    if not is_layer:
        near = nearest(target, [*_endings(layers), *layers])
        raise ModelError(
            f"student.adapter.targets names {target}, which is no linear layer of the body of "
            f"{type(model).__name__}.{near} It has {_short(layers)}. {WHOLE}"
        )


def _ends_in(name: str, target: str) -> bool:
    """Tell whether a target means a layer, by peft's own rule."""
    return name == target or name.endswith(f".{target}")


def _endings(layers: Iterable[str]) -> list[str]:
    """Return the last parts of the names, each once; of a numbered layer, the part before it."""
    return list(dict.fromkeys(re.sub(r"(\.\d+)+$", "", name).split(".")[-1] for name in layers))


def _short(layers: Sequence[str], most: int = 12) -> str:
    endings = _endings(layers)
    return ", ".join(endings[:most]) + (", …" if len(endings) > most else "") or "none"


def _words(listed: Any) -> str:
    return listed if isinstance(listed, str) else ", ".join(listed)
