"""Folders of sentence encoders in the layout of sentence-transformers: a folder in, its parts out.

    config.json, model.safetensors      ──> the encoder
    modules.json, 1_Pooling/config.json ──> how its hidden states become one vector
    sentence_bert_config.json           ──> the length of the longest text, in tokens

A folder without modules.json is a plain encoder: Stillroom takes the mean over the tokens and
scales it to length 1.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.model_files import CONFIG
from stillroom.errors import ModelError
from stillroom.io.json.json_files import read_json
from stillroom.models.position_limits import longest_input
from stillroom.models.pretrained.load_pretrained import load_pretrained, require_all_weights
from stillroom.models.pretrained.model_directory import require_model_directory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MODULES, POOLING, LENGTH = "modules.json", "config.json", "sentence_bert_config.json"
MODULE_TYPES = ("Transformer", "Pooling", "Normalize")
POOLING_MODES = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
POOLER = "pooler."  # BERT's own pooler, which is replaced by pooling


@dataclass(frozen=True, slots=True)
class Pooling:
    """How the hidden states of a text become one vector.

    Attributes:
        mode: `mean` over the tokens, or `cls`, the state of the first token.
        normalise: whether the vector is scaled to length 1.
    """

    mode: str = "mean"
    normalise: bool = True


def read_pooling(path: Path) -> Pooling:
    """Return the pooling of the encoder in a folder.

    Raises:
        ModelError: the folder lists an unknown module, without which its vectors would differ.
        DataError: a document is not JSON.
    """
    if not (path / MODULES).is_file():
        return Pooling()
    modules = read_json(path / MODULES)
    listed = modules if isinstance(modules, list) else []
    types = {str(_field(one, "type")).rpartition(".")[2]: _field(one, "path") for one in listed}
    unknown = [name for name in types if name not in MODULE_TYPES]
    if unknown or "Pooling" not in types:
        raise ModelError(
            f"{path / MODULES} lists {', '.join(unknown) or 'no Pooling'}. Allowed: "
            f"{', '.join(MODULE_TYPES)}. Choose another sentence encoder."
        )
    folder = str(types["Pooling"])
    if Path(folder).name != folder or folder in ("", ".", ".."):
        raise ModelError(
            f"{path / MODULES} names the folder {folder[:40]!r}. Change it to a folder beside "
            f"{MODULES}."
        )
    return Pooling(_mode(path / folder / POOLING), "Normalize" in types)


def read_sentence_encoder(path: Path) -> "PreTrainedModel":
    """Load an encoder in evaluation mode, on the CPU, in float32.

    Raises:
        ModelError: a file is missing or cannot be read, or weights are missing.
    """
    require_model_directory(path)
    model, info = load_pretrained("AutoModel", path, "float32")
    require_all_weights(str(path), model, info, unneeded=POOLER)
    return model.eval()


def read_max_length(path: Path, encoder: "PreTrainedModel") -> int:
    """Return the largest number of tokens in a text that an encoder takes.

    Raises:
        ModelError: neither the folder nor the config holds this number.
    """
    positions = longest_input(encoder.config)
    limits = [] if positions is None else [positions]
    if (path / LENGTH).is_file():
        longest = _field(read_json(path / LENGTH), "max_seq_length")
        limits += [longest] if type(longest) is int and longest > 0 else []
    if not limits:
        raise ModelError(f"{path / CONFIG} has no max_position_embeddings. Choose another encoder.")
    return min(limits)


def _mode(path: Path) -> str:
    document = read_json(path)
    fields = document if isinstance(document, dict) else {}
    chosen = [name for name, value in fields.items() if name.startswith("pooling_mode_") and value]
    if len(chosen) != 1 or chosen[0] not in POOLING_MODES:
        raise ModelError(
            f"{path} sets {', '.join(chosen) or 'no pooling mode'}; exactly one of "
            f"{', '.join(POOLING_MODES)} is allowed. Choose another sentence encoder."
        )
    return POOLING_MODES[chosen[0]]


def _field(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None
