"""The config of a model: `config.json` in, a config of `transformers` out.

    config.json ──read_document──> JSON ──no other files, no code──> read_config ──> config

A config may name further files: other weights, another config, kernels of the Hub. Stillroom hashes
`config.json` and the weights beside it, so keys that lead elsewhere are refused.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.model_files import ADAPTER, CONFIG
from stillroom.errors import ModelError
from stillroom.io.json.document_fields import document_fields
from stillroom.io.json.json_files import read_json
from stillroom.models.architecture_registry import register_architectures
from stillroom.models.pretrained.size_checks import require_plausible_config, weight_size

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

LARGEST = 2**24  # bytes; the config of a classifier with 100,000 long class names has 10 MB
# Keys by which transformers reads other files than config.json and the weights beside it.
ELSEWHERE = {
    "transformers_weights": "other weights",
    "configuration_files": "other configs",
}
QUANTISED = "quantization_config"
IMPLEMENTATIONS = ("attn_implementation", "experts_implementation")
# transformers takes any other name as that of a repository with compiled code.
BUILT_IN = ("", "eager", "sdpa", "flex_attention", "grouped_mm", "batched_mm")
REMOTE = ("hf-hub:", "hf_hub:", "local-dir:")  # timm reads a config there


def read_document(path: Path) -> dict[str, Any]:
    """Return the content of `config.json` in a folder; {} if it is no JSON object.

    Raises:
        ModelError: the file is missing, or a key would make transformers load other files than
            those that Stillroom hashes.
        DataError: the file is too large, or is not JSON.
    """
    file = path / CONFIG
    if not file.is_file():
        raise ModelError(f"{file} does not exist. Choose a Hugging Face model directory.")
    if (path / ADAPTER).is_file():
        raise ModelError(
            f"{path / ADAPTER} lies beside the model: an adapter, which changes its answers where "
            "peft is installed. Merge it into the model (merge_and_unload), or remove the file."
        )
    document = read_json(file, most=LARGEST)
    fields = document if isinstance(document, dict) else {}
    for key, value in document_fields(fields):
        _require_local(file, key, value)
    return fields


def read_config(path: Path) -> "PreTrainedConfig":
    """Read the config of a model directory.

    Raises:
        ModelError: the config is malformed, leads to other files, needs code of its own, is
            unknown to `transformers`, or describes more than the weights beside it hold.
    """
    import transformers

    require_no_code(path)
    size = weight_size(path)
    require_plausible_config(read_document(path), size, str(path / CONFIG))
    try:
        return transformers.AutoConfig.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # each config checks its values in its own way
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{path / CONFIG} cannot be used: {reason}") from error


def require_no_code(path: Path) -> None:
    """Refuse a model whose type `transformers` does not know: it needs code of its own.

    Raises:
        ModelError: the config names the code, or leads to other files.
    """
    register_architectures()
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    document = read_document(path)
    if "auto_map" in document and str(document.get("model_type")) not in CONFIG_MAPPING:
        raise ModelError(
            f"{path / CONFIG} needs the code beside the model (auto_map), which Stillroom never "
            "runs. Save the model as an architecture of transformers."
        )


def architecture_of(document: dict[str, Any]) -> str:
    """Return the name of the first architecture in a config; `none` if there is none."""
    names = document.get("architectures")
    return str(names[0])[:80] if isinstance(names, list) and names else "none"


def _require_local(file: Path, key: str, value: Any) -> None:
    if key in ELSEWHERE and value is not None:
        raise ModelError(
            f"{file} has the key {key}, by which transformers would read {ELSEWHERE[key]} than "
            f"those that Stillroom checks and hashes. Remove the key, and keep the files that it "
            "names under their usual names in the folder of the model."
        )
    if key == QUANTISED and value:
        method = value.get("quant_method") if isinstance(value, dict) else value
        raise ModelError(
            f"{file} says that the weights are quantised ({str(method)[:40]}), which other "
            "packages would have to unpack. Save the model with weights of float32, float16 or "
            "bfloat16, or choose its GGUF file."
        )
    if key.endswith(IMPLEMENTATIONS):
        names = value.values() if isinstance(value, dict) else [value]
        for name in names:
            if name is not None and str(name) not in BUILT_IN:
                raise ModelError(
                    f"{file} sets {key} to {str(name)[:60]!r}, which would load compiled code from "
                    f"the Hub. Remove the key, or set it to one of {', '.join(BUILT_IN[1:])}."
                )
    if isinstance(value, str) and value.startswith(REMOTE):
        raise ModelError(
            f"{file} sets {key} to {value[:60]!r}, which lies elsewhere. Save the model with a "
            "config that needs no other files."
        )
