"""Model directories in Hugging Face's layout: weights as safetensors, never a pickle.

model + encoder ──save_model──> config.json, model.safetensors, preprocessor_config.json
directory ──load_model──> model in evaluation mode
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Inference
from stillroom.data import encoders
from stillroom.data.encoders import Encoder, write_encoder
from stillroom.errors import ModelError
from stillroom.io.files.hashing import sha256_file
from stillroom.io.json.json_files import read_json
from stillroom.models.architecture_registry import register_architectures
from stillroom.models.pretrained.safetensors_files import WEIGHTS, require_intact, weight_files

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

_LOG = logging.getLogger(__name__)

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
EXACT = Inference(dtype="float32", device_map="cpu")
AUTO_CLASSES = {
    "ForCausalLM": "AutoModelForCausalLM",
    "LMHeadModel": "AutoModelForCausalLM",
    "ForMaskedLM": "AutoModelForMaskedLM",
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForImageClassification": "AutoModelForImageClassification",
    "Mlp": "AutoModelForImageClassification",
}


def save_model(
    model: "PreTrainedModel",
    encoder: Encoder,
    path: Path,
    weights: "dict[str, Tensor] | None" = None,
) -> None:
    """Write a model and the encoder of its inputs into the folder `path`.

    Args:
        model: the model; its config is written, and its weights unless `weights` is given.
        encoder: the encoder of its inputs.
        path: the folder.
        weights: the full weights, if those of the model are sharded over processes.

    Raises:
        ModelError: the weights cannot be written.
        OSError: another file cannot be written.
    """
    from safetensors import SafetensorError

    path.mkdir(parents=True, exist_ok=True)
    silence_progress()
    try:
        model.save_pretrained(path, state_dict=weights)
    except SafetensorError as error:  # safetensors also raises it if the disk is full
        raise ModelError(f"{path} cannot be written: {error}") from error
    (path / WEIGHTS).chmod(0o644)  # safetensors makes it readable only for the owner
    write_encoder(encoder, path, PREPROCESSOR)


def load_model(path: Path, inference: Inference = EXACT) -> "PreTrainedModel":
    """Load a model in evaluation mode.

    Args:
        path: a model directory.
        inference: the precision, and the devices.

    Raises:
        ModelError: a file is missing or cannot be read, the weights are only there as a pickle, the
            model needs code of its own, the weights do not fit the config, or the device is
            missing.
    """
    import torch
    import transformers

    require_model_directory(path)
    _require_no_code(path)
    register_architectures()
    silence_progress()
    automatic = getattr(transformers, auto_class(path))
    try:
        model, info = automatic.from_pretrained(
            path,
            dtype=getattr(torch, inference.dtype),
            device_map=_device_map(inference),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except ModelError:
        raise
    except Exception as error:  # transformers and safetensors raise a dozen unrelated types
        reason = " ".join(str(error).split())
        raise ModelError(f"{path} cannot be loaded: {reason[:300]}") from error
    _require_matching_weights(path, model, info)
    return model.eval()


def _device_map(inference: Inference) -> str | None:
    import torch

    if inference.device_map == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "teacher.device_map is cuda, but this machine has no CUDA device. Set it to cpu or "
            "auto."
        )
    return None if inference.device_map == "cpu" else inference.device_map


def auto_class(path: Path) -> str:
    """Return the name of the auto class of `transformers` that loads a model, by its config.

    Raises:
        ModelError: the config names no architecture, or one that Stillroom cannot load.
    """
    config = read_json(path / CONFIG)
    names = config.get("architectures") if isinstance(config, dict) else None
    architecture = str(names[0]) if isinstance(names, list) and names else "none"
    for ending, automatic in AUTO_CLASSES.items():
        if architecture.endswith(ending):
            return automatic
    raise ModelError(
        f"{path / CONFIG} names the architecture {architecture[:60]}, which must end with one of "
        f"{', '.join(AUTO_CLASSES)}. Save the model with its head."
    )


def read_config(path: Path) -> "PreTrainedConfig":
    """Read the config of a model directory.

    Raises:
        ModelError: the config is malformed, needs code of its own, or is unknown to `transformers`.
    """
    import transformers

    _require_no_code(path)
    register_architectures()
    try:
        return transformers.AutoConfig.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # each config checks its values in its own way
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path / CONFIG} cannot be used: {reason}") from error


def require_loadable(path: Path) -> None:
    """Refuse a folder that `load_model` would refuse, without loading the weights into memory.

    Raises:
        ModelError: a file is missing or damaged, or the config is unknown.
    """
    require_model_directory(path)
    auto_class(path)
    read_config(path)
    require_intact(path)


def _require_no_code(path: Path) -> None:
    """Refuse a model whose type `transformers` does not know: it needs code of its own."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = read_json(path / CONFIG)
    document = config if isinstance(config, dict) else {}
    if "auto_map" in document and document.get("model_type") not in CONFIG_MAPPING:
        raise ModelError(
            f"{path / CONFIG} needs the code beside the model (auto_map), which Stillroom never "
            "runs. Save the model as an architecture of transformers."
        )


def _require_matching_weights(path: Path, model: "PreTrainedModel", info: dict[str, Any]) -> None:
    # If the files lack a tensor, transformers leaves it as it is in memory, without an error.
    misfits = {kind: sorted(map(str, names)) for kind, names in info.items() if names}
    unused = misfits.get("unexpected_keys", [])
    misfits["unexpected_keys"] = [name for name in unused if _belongs_to_layer_list(model, name)]
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if misfits.get(kind):
            raise ModelError(
                f"the weights of {path} do not fit {CONFIG}: {kind.replace('_', ' ')} "
                f"{', '.join(misfits[kind][:3])}. Save or download the model again."
            )
    if unused:  # heads of the pretraining, such as BERT's pooler or next-sentence classifier
        _LOG.info("%s: these weights are not used: %s", path.name, ", ".join(unused))


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


def require_model_directory(path: Path) -> None:
    """Refuse a folder that is not a model directory.

    Raises:
        ModelError: the config or the weights are missing; the message names pickled weights.
    """
    if not (path / CONFIG).is_file():
        raise ModelError(f"{path / CONFIG} does not exist. Choose a Hugging Face model directory.")
    weight_files(path)


def read_encoder(path: Path) -> Encoder:
    """Return the encoder that was saved beside a model.

    Raises:
        ModelError: the directory has no encoder.
        DataError: the encoder is malformed.
    """
    if not (path / PREPROCESSOR).is_file():
        raise ModelError(
            f"{path / PREPROCESSOR} is missing. It holds the encoder of the inputs. Choose a model "
            "that Stillroom has saved, or a model of texts or tokens."
        )
    return encoders.read_encoder(path, PREPROCESSOR)


def architecture_hash(path: Path) -> str:
    """Return the SHA-256 of the config of a model.

    Raises:
        ModelError: the folder is not a model directory.
    """
    require_model_directory(path)
    return sha256_file(path / CONFIG)


def silence_progress() -> None:
    """Turn off the progress bars of `transformers`."""
    # They count the tensors of one file, but the bars of a stage count its rows.
    from transformers.utils import logging

    logging.disable_progress_bar()
