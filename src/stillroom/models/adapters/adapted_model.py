"""Adapted models on disk: a model with an adapter in, a merged model and its adapter out.

    W + (alpha / rank) B A, heads ──save_model──> config.json, model.safetensors, …
    A, B, heads ──peft's own format──> adapter/{adapter_config.json, adapter_model.safetensors}

The merged model is one of its class, which everything reads as any other. The live model is not
touched: merging and taking apart again would change the last bits of its weights.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from stillroom.data.encoders import Encoder
from stillroom.io.json.json_files import write_json
from stillroom.models.adapters.adapter_folder import BASE, CONFIG, FOLDER, WEIGHTS
from stillroom.models.adapters.add_adapter import NAME
from stillroom.models.pretrained.model_directory import save_model

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

INNER = "base_model.model."  # what peft puts before the names of tensors


def save_adapted(model: "PreTrainedModel", encoder: Encoder, path: Path) -> None:
    """Write the merged model, the encoder of its inputs, and its adapter into the folder `path`.

    The adapter does not name the model that was adapted: `adapter_folder.name_base` does.

    Args:
        model: a model with an adapter.
        encoder: the encoder of its inputs.
        path: the folder.

    Raises:
        ModelError, OSError: as `save_model`.
    """
    save_model(model, encoder, path, merged_weights(model))
    _write_adapter(model, path / FOLDER)


def merged_weights(model: "PreTrainedModel") -> "dict[str, Tensor]":
    """Return the weights of the model that answers as the adapted one, by their names in it."""
    import torch
    from peft.tuners.lora import LoraLayer
    from peft.utils import ModulesToSaveWrapper

    weights: dict[str, Tensor] = model.state_dict()
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            own, layer = module.get_base_layer().state_dict(), cast("Any", module)
            with torch.no_grad():
                merged = own["weight"].float() + layer.get_delta_weight(NAME).float()
            own["weight"] = merged.to(own["weight"].dtype)
        elif isinstance(module, ModulesToSaveWrapper):
            own = module.modules_to_save[NAME].state_dict()
        else:
            continue
        weights = {key: value for key, value in weights.items() if not key.startswith(f"{name}.")}
        weights |= {f"{name}.{key}": value for key, value in own.items()}
    return weights


def _write_adapter(model: "PreTrainedModel", folder: Path) -> None:
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir()
    tensors = get_peft_model_state_dict(model, adapter_name=NAME, save_embedding_layers=False)
    whole = {f"{INNER}{name}": one.detach().cpu().contiguous() for name, one in tensors.items()}
    save_file(whole, folder / WEIGHTS, {"format": "pt"})
    (folder / WEIGHTS).chmod(0o644)  # safetensors makes it readable only for the owner
    configs: dict[str, Any] = dict(model.peft_config)
    given = {BASE: None, "inference_mode": True}
    config = configs[NAME].to_dict() | given
    write_json(folder / CONFIG, {key: _plain(value) for key, value in config.items()})


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else value
