"""Model directories in Hugging Face's layout: weights as safetensors, never a pickle.

model + encoder ──save_model──> config.json, model.safetensors, preprocessor_config.json
directory ──load_model──> model in evaluation mode
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.data import encoders
from stillroom.data.encoders import Encoder, write_encoder
from stillroom.errors import ModelError
from stillroom.io.documents import read_json
from stillroom.io.hashing import sha256_file

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
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
    _silence_progress()
    try:
        model.save_pretrained(path, state_dict=weights)
    except SafetensorError as error:  # of a full disk too, which is no OSError there
        raise ModelError(f"{path} cannot be written: {error}") from error
    (path / WEIGHTS).chmod(0o644)  # safetensors writes for the owner alone
    write_encoder(encoder, path, PREPROCESSOR)


def load_model(path: Path) -> "PreTrainedModel":
    """Load a model in evaluation mode, on the CPU, in float32.

    Raises:
        ModelError: a file is missing or cannot be read, only pickled weights are there, or the
            weights are not those of the config.
    """
    import torch

    import stillroom.models.mlp  # noqa: F401  (registers its config)

    require_directory(path)
    _silence_progress()
    automatic = _automatic(path)
    try:
        model, info = automatic.from_pretrained(
            path,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # transformers and safetensors raise a dozen unrelated types
        reason = " ".join(str(error).split())
        raise ModelError(f"{path} cannot be loaded: {reason[:300]}") from error
    _require_whole(path, info)
    return model.eval()


def _automatic(path: Path) -> Any:
    """Return the class of `transformers` that opens a model, by what its config says it is.

    Raises:
        ModelError: it says nothing, or something that is not known here.
    """
    import transformers

    config = read_json(path / CONFIG)
    named = config.get("architectures") if isinstance(config, dict) else None
    architecture = str(named[0]) if isinstance(named, list) and named else "none"
    for ending, automatic in OPENED_BY.items():
        if architecture.endswith(ending):
            return getattr(transformers, automatic)
    raise ModelError(
        f"{path / CONFIG} names the architecture {architecture[:60]}; it must end with "
        f"{', '.join(OPENED_BY)}. Save the model with its head."
    )


def _require_whole(path: Path, info: dict[str, Any]) -> None:
    # A tensor that the file lacks would be left as whatever was in memory, without a word.
    wrong = {kind: sorted(map(str, names)) for kind, names in info.items() if names}
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if kind in wrong:
            raise ModelError(
                f"{path / WEIGHTS} does not fit {CONFIG}: {kind.replace('_', ' ')} "
                f"{', '.join(wrong[kind][:3])}. Write the directory anew."
            )


def require_directory(path: Path) -> None:
    """Refuse a folder that is no model directory.

    Raises:
        ModelError: the config or the weights are missing; pickled weights are named.
    """
    if not (path / CONFIG).is_file():
        raise ModelError(f"{path / CONFIG} does not exist. Name a Hugging Face model directory.")
    if not (path / WEIGHTS).is_file():
        pickled = sorted(found.name for found in path.glob("*.bin"))
        hint = f" {pickled[0]} is a pickle: convert it to safetensors." if pickled else ""
        raise ModelError(f"{path / WEIGHTS} does not exist.{hint}")


def read_encoder(path: Path) -> Encoder:
    """Return the encoder that was saved beside a model.

    Raises:
        ModelError: there is none.
        DataError: it is malformed.
    """
    if not (path / PREPROCESSOR).is_file():
        raise ModelError(f"{path / PREPROCESSOR} is missing; it says how inputs become numbers.")
    return encoders.read_encoder(path, PREPROCESSOR)


def weights_hash(path: Path) -> str:
    """Return the SHA-256 of the weights' file."""
    return sha256_file(path / WEIGHTS)


def architecture_hash(path: Path) -> str:
    """Return the SHA-256 of the architecture's file."""
    return sha256_file(path / CONFIG)


def _silence_progress() -> None:
    # Its bars count tensors of one file; ours count the rows of the stage.
    from transformers.utils import logging

    logging.disable_progress_bar()
