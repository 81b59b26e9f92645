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
from stillroom.models.pretrained.safetensors_files import WEIGHTS, require_sound, weight_files

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

_LOG = logging.getLogger(__name__)

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
EXACT = Inference(dtype="float32", device_map="cpu")
OPENED_BY = {
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
        model: of which the config is written.
        encoder: of its inputs.
        path: the folder.
        weights: whole, where the model's own are sharded over processes.

    Raises:
        ModelError: the weights cannot be written.
        OSError: another file cannot be written.
    """
    from safetensors import SafetensorError

    path.mkdir(parents=True, exist_ok=True)
    silence_progress()
    try:
        model.save_pretrained(path, state_dict=weights)
    except SafetensorError as error:  # of a full disk too, which is no OSError there
        raise ModelError(f"{path} cannot be written: {error}") from error
    (path / WEIGHTS).chmod(0o644)  # safetensors writes for the owner alone
    write_encoder(encoder, path, PREPROCESSOR)


def load_model(path: Path, inference: Inference = EXACT) -> "PreTrainedModel":
    """Load a model in evaluation mode.

    Args:
        path: a model directory.
        inference: in which precision, and onto which devices.

    Raises:
        ModelError: a file is missing or cannot be read, only pickled weights are there, it needs
            code of its own, the weights are not those of the config, or there is no such device.
    """
    import torch
    import transformers

    import stillroom.models.architectures.mlp
    import stillroom.models.architectures.sentence_encoder  # noqa: F401  (both register their configs)

    require_directory(path)
    _require_no_code(path)
    silence_progress()
    automatic = getattr(transformers, opened_by(path))
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
    _require_whole(path, model, info)
    return model.eval()


def _device_map(inference: Inference) -> str | None:
    import torch

    if inference.device_map == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            "teacher.device_map is cuda, and no such device is here. Set it to cpu or auto."
        )
    return None if inference.device_map == "cpu" else inference.device_map


def opened_by(path: Path) -> str:
    """Return the class of `transformers` that opens a model, by what its config says it is.

    Raises:
        ModelError: it says nothing, or something that is not known here.
    """
    config = read_json(path / CONFIG)
    named = config.get("architectures") if isinstance(config, dict) else None
    architecture = str(named[0]) if isinstance(named, list) and named else "none"
    for ending, automatic in OPENED_BY.items():
        if architecture.endswith(ending):
            return automatic
    raise ModelError(
        f"{path / CONFIG} names the architecture {architecture[:60]}; it must end with "
        f"{', '.join(OPENED_BY)}. Save the model with its head."
    )


def read_config(path: Path) -> "PreTrainedConfig":
    """Read the config of a model directory.

    Raises:
        ModelError: it is malformed, needs code of its own, or is not known to `transformers`.
    """
    import transformers

    import stillroom.models.architectures.mlp  # noqa: F401  (registers its config)

    _require_no_code(path)
    try:
        return transformers.AutoConfig.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # each config checks its values in its own way
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path / CONFIG} cannot be used: {reason}") from error


def require_openable(path: Path) -> None:
    """Refuse a folder from elsewhere that could not be opened later, without its weights in memory.

    Raises:
        ModelError: a file is missing or damaged, or the config is not known.
    """
    require_directory(path)
    opened_by(path)
    read_config(path)
    require_sound(path)


def _require_no_code(path: Path) -> None:
    """Refuse a config that only code from beside it can read; what `transformers` has is used."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = read_json(path / CONFIG)
    document = config if isinstance(config, dict) else {}
    if "auto_map" in document and document.get("model_type") not in CONFIG_MAPPING:
        raise ModelError(
            f"{path / CONFIG} wants code of its own to be run (auto_map), and no code from beside "
            "a model ever is. Save the model as an architecture that transformers has."
        )


def _require_whole(path: Path, model: "PreTrainedModel", info: dict[str, Any]) -> None:
    # A tensor that the files lack would be left as whatever was in memory, without a word.
    wrong = {kind: sorted(map(str, names)) for kind, names in info.items() if names}
    spare = wrong.get("unexpected_keys", [])
    wrong["unexpected_keys"] = [name for name in spare if _is_of_a_layer(model, name)]
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if wrong.get(kind):
            raise ModelError(
                f"the weights of {path} do not fit {CONFIG}: {kind.replace('_', ' ')} "
                f"{', '.join(wrong[kind][:3])}. Write the directory anew."
            )
    if spare:  # the heads of a pretraining: BERT's pooler, its next-sentence classifier
        _LOG.info("%s: not used are %s", path.name, ", ".join(spare))


def _is_of_a_layer(model: "PreTrainedModel", name: str) -> bool:
    """Tell whether a tensor belongs to a layer that the config does not count."""
    from torch.nn import ModuleList, Sequential

    found: Any = model
    for part in name.split("."):
        children = dict(found.named_children())
        if part not in children:
            return isinstance(found, ModuleList | Sequential)
        found = children[part]
    return True  # the layer is there, and has no such tensor


def require_directory(path: Path) -> None:
    """Refuse a folder that is no model directory.

    Raises:
        ModelError: the config or the weights are missing; pickled weights are named.
    """
    if not (path / CONFIG).is_file():
        raise ModelError(f"{path / CONFIG} does not exist. Name a Hugging Face model directory.")
    weight_files(path)


def read_encoder(path: Path) -> Encoder:
    """Return the encoder that was saved beside a model.

    Raises:
        ModelError: there is none.
        DataError: it is malformed.
    """
    if not (path / PREPROCESSOR).is_file():
        raise ModelError(f"{path / PREPROCESSOR} is missing; it says how inputs become numbers.")
    return encoders.read_encoder(path, PREPROCESSOR)


def architecture_hash(path: Path) -> str:
    """Return the SHA-256 of the architecture's file.

    Raises:
        ModelError: it is no model directory.
    """
    require_directory(path)
    return sha256_file(path / CONFIG)


def silence_progress() -> None:
    """Let `transformers` print no bars."""
    # Its bars count tensors of one file; ours count the rows of the stage.
    from transformers.utils import logging

    logging.disable_progress_bar()
