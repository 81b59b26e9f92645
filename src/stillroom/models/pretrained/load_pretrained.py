"""Loading: the config and the hashed weight files of a folder in, a model out.

    config.json ──empty_model──> class and config ──┐
    weight files ──open_tensors──> tensors ─────────┴─from_pretrained(None, …)──> model

`transformers` gets no path, so it can choose no file: it sees the config and the tensors of the
files that were hashed. A tensor that the files lack is refused; `transformers` would draw it at
random.
"""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.model_files import CONFIG
from stillroom.errors import ModelError
from stillroom.models.pretrained.auto_classes import CAUSAL_LM
from stillroom.models.pretrained.config_file import read_config
from stillroom.models.pretrained.safetensors_files import open_tensors, tensor_shapes
from stillroom.models.pretrained.size_checks import (
    WeightSize,
    bounded_parts,
    require_memory,
    require_plausible_model,
    weight_size,
)

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

_LOG = logging.getLogger(__name__)
GENERATION = "generation_config.json"


def load_pretrained(
    automatic: str, path: Path, dtype: str, device_map: str | None = None
) -> "tuple[PreTrainedModel, dict[str, Any]]":
    """Load a model, with what `transformers` reports of missing and unused tensors.

    Args:
        automatic: the name of an auto class of `transformers`.
        path: a model directory.
        dtype: the type of its weights, by its name in torch.
        device_map: the devices; None for the CPU.

    Raises:
        ModelError: a file is missing or cannot be read, or the config is malformed.
    """
    return fill(empty_model(automatic, path), path, dtype, device_map)


def fill(
    empty: "PreTrainedModel",
    path: Path,
    dtype: str,
    device_map: str | None = None,
    without: Collection[str] = (),
) -> "tuple[PreTrainedModel, dict[str, Any]]":
    """Return a model with the weights of a folder, and what `transformers` reports of them.

    Args:
        empty: a model without memory, of the same class and config.
        path: a model directory.
        dtype: the type of the weights, by its name in torch.
        device_map: the devices; None for the CPU.
        without: names of tensors that are left out; the model draws them at random.

    Raises:
        ModelError: the weights are too large for the config, for this machine, or cannot be read.
    """
    import torch

    silence_transformers()
    require_plausible_model(empty, weight_size(path), str(path / CONFIG))
    if device_map is None:
        require_memory(empty, getattr(torch, dtype).itemsize, str(path))
    built: Any = type(empty)
    with open_tensors(path) as tensors:
        try:
            model, info = built.from_pretrained(
                None,
                config=empty.config,
                state_dict={name: one for name, one in tensors.items() if name not in without},
                dtype=getattr(torch, dtype),
                device_map=device_map,
                generation_config=_generation_config(path),
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except ModelError:
            raise
        except Exception as error:  # transformers and safetensors raise a dozen unrelated types
            reason = " ".join(str(error).split())
            raise ModelError(f"{path} cannot be loaded: {reason[:300]}") from error
    return model, info


def empty_model(automatic: str, path: Path) -> "PreTrainedModel":
    """Return a model without memory for its weights, of the class that an auto class chooses.

    Where a config of images and texts lies beside the weights of its language model alone, that is
    the language model.

    Args:
        automatic: the name of an auto class of `transformers`.
        path: a model directory.

    Raises:
        ModelError: the config is malformed, or the auto class has no class for it.
    """
    config, size = read_config(path), weight_size(path)
    text_config = config.get_text_config()
    if automatic == CAUSAL_LM and text_config is not config and _has_class(automatic, text_config):
        text_model = model_without_memory(automatic, text_config, path, size)
        names = set(text_model.state_dict())
        if 2 * len(names & set(tensor_shapes(path))) > len(names):
            return text_model
    return model_without_memory(automatic, config, path, size)


def _has_class(automatic: str, config: "PreTrainedConfig") -> bool:
    import transformers

    return type(config) in getattr(transformers, automatic)._model_mapping


def model_without_memory(
    automatic: str, config: "PreTrainedConfig", path: Path, size: WeightSize
) -> "PreTrainedModel":
    """Return a model without memory.

    Args:
        automatic: the name of an auto class of `transformers`.
        config: of the model.
        path: names its folder, or its file, in an error.
        size: of its weights, which bound how much is built.

    Raises:
        ModelError: the config cannot be used, or describes more than the weights hold.
    """
    import torch
    import transformers

    try:
        with (
            bounded_parts(size, f"The config of {path}"),
            torch.random.fork_rng(devices=[]),
            torch.device("meta"),
        ):
            model: PreTrainedModel = getattr(transformers, automatic).from_config(config)
    except ModelError:
        raise
    except Exception as error:  # each architecture checks its sizes in its own way
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"The config of {path} cannot be used: {reason}") from error
    return model


def require_all_weights(
    name: str, model: "PreTrainedModel", info: Mapping[str, Any], unneeded: str | None = None
) -> None:
    """Refuse a model whose files lack a tensor, or hold one of a layer that its config lacks.

    Args:
        name: names the files in an error.
        model: the model.
        info: what `transformers` reports.
        unneeded: how the names of missing tensors begin that nothing reads.

    Raises:
        ModelError: the error names up to three tensors.
    """
    misfits = {kind: _names(info, kind) for kind in ("missing_keys", "mismatched_keys")}
    if unneeded is not None:
        misfits["missing_keys"] = [
            one for one in misfits["missing_keys"] if not one.startswith(unneeded)
        ]
    unused = _names(info, "unexpected_keys")
    misfits["unexpected_keys"] = [one for one in unused if _belongs_to_layer_list(model, one)]
    for kind, names in misfits.items():
        if names:
            raise ModelError(
                f"the weights of {name} do not fit {CONFIG}: {kind.replace('_', ' ')} "
                f"{', '.join(names[:3])}. Save or download the model again."
            )
    if unused:  # heads of the pretraining, such as BERT's pooler or next-sentence classifier
        _LOG.info("%s: these weights are not used: %s", Path(name).name, _first(unused))


def silence_transformers() -> None:
    """Turn off what `transformers` prints while it loads or saves a model."""
    from transformers.utils import logging

    # Its bars count the tensors of one file, but the bars of a stage count its rows. Its report of
    # tensors goes to the terminal as it is, names from the file included; ours is checked.
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _generation_config(path: Path) -> Any:
    """Return how the model generates, or None where its folder does not say."""
    import transformers

    if not (path / GENERATION).is_file():
        return None
    try:
        return transformers.GenerationConfig.from_pretrained(path, local_files_only=True)
    except Exception as error:  # a damaged file
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path / GENERATION} cannot be used: {reason}. Remove it.") from error


def _names(info: Mapping[str, Any], kind: str) -> list[str]:
    return sorted(str(one[0] if isinstance(one, tuple) else one) for one in info.get(kind) or ())


def _first(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more


def _belongs_to_layer_list(model: "PreTrainedModel", name: str) -> bool:
    """Tell whether a tensor belongs to a layer beyond the number of layers in the config."""
    from torch.nn import ModuleList, Sequential

    module: Any = model
    for child in name.split("."):
        children = dict(module.named_children())
        if child not in children:
            return isinstance(module, ModuleList | Sequential)
        module = children[child]
    return True  # the layer exists, but has no tensor of this name
