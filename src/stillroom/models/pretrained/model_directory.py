"""Model directories in Hugging Face's layout: weights as safetensors, never a pickle.

model + encoder ──save_model──> config.json, model.safetensors, preprocessor_config.json
directory ──load_model──> model in evaluation mode
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.model_files import CONFIG
from stillroom.config.schema import Inference
from stillroom.data import encoders
from stillroom.data.encoders import Encoder, write_encoder
from stillroom.errors import ModelError
from stillroom.io.files.hashing import sha256_file
from stillroom.models.pretrained.auto_classes import auto_class
from stillroom.models.pretrained.config_file import read_config, require_no_code
from stillroom.models.pretrained.load_pretrained import (
    load_pretrained,
    require_all_weights,
    silence_transformers,
)
from stillroom.models.pretrained.own_files import own_file
from stillroom.models.pretrained.safetensors_files import WEIGHTS, require_intact, weight_files

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

PREPROCESSOR = "preprocessor_config.json"
EXACT = Inference(dtype="float32", device_map="cpu")


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
    silence_transformers()
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
    require_model_directory(path)
    require_no_code(path)
    device_map = _device_map(inference)
    model, info = load_pretrained(auto_class(path), path, inference.dtype, device_map)
    require_all_weights(str(path), model, info)
    return model.eval()


def _device_map(inference: Inference) -> str | None:
    import torch

    if inference.device_map == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "teacher.device_map is cuda, but this machine has no CUDA device. Set it to cpu or "
            "auto."
        )
    return None if inference.device_map == "cpu" else inference.device_map


def require_loadable(path: Path) -> None:
    """Refuse a folder that `load_model` would refuse, without loading the weights into memory.

    Raises:
        ModelError: a file is missing or damaged, or the config is unknown.
    """
    require_model_directory(path)
    read_config(path)
    auto_class(path)
    require_intact(path)


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
    _require_encoder(path)
    return encoders.read_encoder(path, PREPROCESSOR)


def read_given_encoder(path: Path) -> Encoder:
    """Return the encoder beside a model that comes from elsewhere, within bounds.

    Raises:
        ModelError: the directory has no encoder, or it is a link to another place.
        DataError: the encoder is malformed, or its tokenizer needs too much.
    """
    _require_encoder(path)
    own_file(path / PREPROCESSOR, path)
    return encoders.read_given_encoder(path, PREPROCESSOR)


def _require_encoder(path: Path) -> None:
    if not (path / PREPROCESSOR).is_file():
        raise ModelError(
            f"{path / PREPROCESSOR} is missing. It holds the encoder of the inputs. Choose a model "
            "that Stillroom has saved, or a model of texts or tokens."
        )


def architecture_hash(path: Path) -> str:
    """Return the SHA-256 of the config of a model.

    Raises:
        ModelError: the folder is not a model directory.
    """
    require_model_directory(path)
    return sha256_file(path / CONFIG)
