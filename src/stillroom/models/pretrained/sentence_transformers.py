"""Folders of sentence encoders in the layout of sentence-transformers: a folder in, its parts out.

    config.json, model.safetensors      ──> the encoder
    modules.json, 1_Pooling/config.json ──> how its hidden states become one vector
    sentence_bert_config.json           ──> the length of the longest text, in tokens
    config_sentence_transformers.json   ──> the prompt that is put before each text

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
PROMPTS, TOKENIZER = "config_sentence_transformers.json", "tokenizer_config.json"
MODULE_TYPES = ("Transformer", "Pooling", "Normalize")
# Before version 5.4 each mode had a key of its own; they were concatenated in this order.
POOLING_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
MODES = tuple(POOLING_MODES.values())
MODE, INCLUDE_PROMPT = "pooling_mode", "include_prompt"
POOLER = "pooler."  # BERT's own pooler, which is replaced by pooling
LONGEST = 2**20  # a tokenizer without a limit says 10³⁰


@dataclass(frozen=True, slots=True)
class Pooling:
    """How the hidden states of a text become one vector.

    Attributes:
        mode: a mode of sentence-transformers, or several, joined by `+`.
        normalise: whether the vector is scaled to length 1.
        includes_prompt: whether the tokens of a prompt are pooled too.
    """

    mode: str = "mean"
    normalise: bool = True
    includes_prompt: bool = True


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
    types = [str(_field(one, "type")).rpartition(".")[2] for one in listed]
    unknown = [name for name in types if name not in MODULE_TYPES]
    if unknown or "Pooling" not in types:
        raise ModelError(
            f"{path / MODULES} lists {', '.join(unknown)[:80] or 'no Pooling'}. Allowed: "
            f"{', '.join(MODULE_TYPES)}. Choose another sentence encoder."
        )
    if tuple(types) not in (MODULE_TYPES, MODULE_TYPES[:2]):
        raise ModelError(
            f"{path / MODULES} lists {', '.join(types)[:80]}. Allowed is this order: "
            f"{', '.join(MODULE_TYPES)}, the last one or none. Choose another sentence encoder."
        )
    folder = str(_field(listed[1], "path"))
    if Path(folder).name != folder or folder in ("", ".", ".."):
        raise ModelError(
            f"{path / MODULES} names the folder {folder[:40]!r}. Change it to a folder beside "
            f"{MODULES}."
        )
    file = path / folder / POOLING
    document = read_json(file)
    fields = document if isinstance(document, dict) else {}
    return Pooling(_mode(file, fields), "Normalize" in types, _includes_prompt(file, fields))


def read_prompt(path: Path) -> str:
    """Return what sentence-transformers puts before each text by default; mostly nothing.

    Raises:
        ModelError: the default prompt is not among the prompts, or is no text.
        DataError: the document is not JSON.
    """
    if not (path / PROMPTS).is_file():
        return ""
    document = read_json(path / PROMPTS)
    name, prompts = _field(document, "default_prompt_name"), _field(document, "prompts")
    if name is None:
        return ""
    prompt = prompts.get(str(name)) if isinstance(prompts, dict) else None
    if not isinstance(prompt, str):
        raise ModelError(
            f"{path / PROMPTS} sets default_prompt_name to {str(name)[:40]!r}, which is not the "
            "name of a text in prompts. Add the prompt, or set default_prompt_name to null."
        )
    return prompt


def read_sentence_encoder(path: Path) -> "PreTrainedModel":
    """Load an encoder in evaluation mode, on the CPU, in float32.

    Raises:
        ModelError: a file is missing or cannot be read, or weights are missing.
    """
    require_model_directory(path)
    _require_case(path)
    model, info = load_pretrained("AutoModel", path, "float32")
    require_all_weights(str(path), model, info, unneeded=POOLER)
    return model.eval()


def _require_case(path: Path) -> None:
    """Refuse an encoder whose texts sentence-transformers would change to lower case first."""
    document = read_json(path / LENGTH) if (path / LENGTH).is_file() else {}
    if _field(document, "do_lower_case"):
        raise ModelError(
            f"{path / LENGTH} sets do_lower_case, which changes each text before the tokenizer "
            "reads it. Set it to false, and use a tokenizer that lower-cases."
        )


def read_max_length(path: Path, encoder: "PreTrainedModel") -> int:
    """Return the largest number of tokens in a text that an encoder takes.

    Raises:
        ModelError: neither the folder nor the config holds this number.
    """
    positions = longest_input(encoder.config)
    limits = [] if positions is None else [positions]
    for name, key in ((LENGTH, "max_seq_length"), (TOKENIZER, "model_max_length")):
        longest = _field(read_json(path / name), key) if (path / name).is_file() else None
        limits += [longest] if type(longest) is int and 0 < longest < LONGEST else []
    if not limits:
        raise ModelError(f"{path / CONFIG} has no max_position_embeddings. Choose another encoder.")
    return min(limits)


def _mode(path: Path, fields: dict[str, Any]) -> str:
    """Return the modes of a pooling, joined by `+`."""
    chosen = fields.get(MODE)
    if chosen is None:
        unknown = [
            name for name in fields if name.startswith(f"{MODE}_") and name not in POOLING_MODES
        ]
        modes = [mode for name, mode in POOLING_MODES.items() if fields.get(name)]
        modes += [name for name in unknown if fields[name]]
    else:
        modes = [str(mode) for mode in (chosen if isinstance(chosen, list) else [chosen])]
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or not modes:
        raise ModelError(
            f"{path} sets {unknown[0][:60] if unknown else 'no pooling mode'}. Allowed: "
            f"{MODE} with one or several of {', '.join(MODES)}. Choose another sentence encoder."
        )
    return "+".join(modes)


def _includes_prompt(path: Path, fields: dict[str, Any]) -> bool:
    included = fields.get(INCLUDE_PROMPT, True)
    if not isinstance(included, bool):
        raise ModelError(
            f"{path} sets {INCLUDE_PROMPT} to {str(included)[:40]!r}. Use true or false."
        )
    return included


def _field(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None
