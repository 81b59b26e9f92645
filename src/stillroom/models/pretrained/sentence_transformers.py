"""Folders of sentence encoders: as sentence-transformers writes them in, their parts out.

    config.json, model.safetensors      ──> the encoder
    modules.json, 1_Pooling/config.json ──> how its states become one vector
    tokenizer.json, sentence_bert_config.json ──> its tokens, and how many it was trained on

A folder without modules.json is a plain encoder: the mean over the tokens is taken, at length 1.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError
from stillroom.io.json.json_files import read_json
from stillroom.models.pretrained.model_directory import CONFIG, require_directory

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MODULES, POOLING, LENGTH = "modules.json", "config.json", "sentence_bert_config.json"
KNOWN = ("Transformer", "Pooling", "Normalize")
MODES = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
POOLER = "pooler."  # of BERT's own head, which pooling takes the place of


@dataclass(frozen=True, slots=True)
class Pooling:
    """How the states of a text become one vector.

    Attributes:
        mode: mean or cls.
        normalise: whether it is brought to length 1.
    """

    mode: str = "mean"
    normalise: bool = True


def read_pooling(path: Path) -> Pooling:
    """Return how a folder's encoder pools.

    Raises:
        ModelError: in a way that is not known here, which would be another encoder.
        DataError: a document is no JSON.
    """
    if not (path / MODULES).is_file():
        return Pooling()
    modules = read_json(path / MODULES)
    listed = modules if isinstance(modules, list) else []
    types = {str(_field(one, "type")).rpartition(".")[2]: _field(one, "path") for one in listed}
    strange = [name for name in types if name not in KNOWN]
    if strange or "Pooling" not in types:
        raise ModelError(
            f"{path / MODULES} lists {', '.join(strange) or 'no Pooling'}; known are "
            f"{', '.join(KNOWN)}. Name another sentence encoder."
        )
    folder = str(types["Pooling"])
    if Path(folder).name != folder or folder in ("", ".", ".."):
        raise ModelError(f"{path / MODULES} names the folder {folder[:40]!r}. Mend it.")
    return Pooling(_mode(path / folder / POOLING), "Normalize" in types)


def read_sentence_encoder(path: Path) -> "PreTrainedModel":
    """Load an encoder in evaluation mode, on the CPU, in float32.

    Raises:
        ModelError: a file is missing or cannot be read, or weights are missing.
    """
    import torch
    import transformers

    require_directory(path)
    try:
        model, info = transformers.AutoModel.from_pretrained(
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
    missing = [name for name in info["missing_keys"] if not str(name).startswith(POOLER)]
    if missing or info["mismatched_keys"]:
        first = sorted(map(str, missing or info["mismatched_keys"]))[0]
        raise ModelError(f"the weights of {path} do not fit {CONFIG}: {first}. Replace the folder.")
    return model.eval()


def read_length(path: Path, encoder: "PreTrainedModel") -> int:
    """Return how many tokens of a text an encoder sees.

    Raises:
        ModelError: neither the folder nor the config says it.
    """
    from stillroom.models.forward.forward_kwargs import first_position

    most = getattr(encoder.config, "max_position_embeddings", None)
    found = [most - first_position(encoder)] if isinstance(most, int) else []
    if (path / LENGTH).is_file():
        said = _field(read_json(path / LENGTH), "max_seq_length")
        found += [said] if type(said) is int and said > 0 else []
    if not found:
        raise ModelError(f"{path / CONFIG} has no max_position_embeddings. Name another encoder.")
    return min(found)


def _mode(path: Path) -> str:
    document = read_json(path)
    fields = document if isinstance(document, dict) else {}
    chosen = [name for name, value in fields.items() if name.startswith("pooling_mode_") and value]
    if len(chosen) != 1 or chosen[0] not in MODES:
        raise ModelError(
            f"{path} sets {', '.join(chosen) or 'no pooling mode'}; known are "
            f"{', '.join(MODES)}, one of them. Name another sentence encoder."
        )
    return MODES[chosen[0]]


def _field(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None
