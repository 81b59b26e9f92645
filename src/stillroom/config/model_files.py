"""Model files: what lies at the path of a teacher, by the names of the files alone.

path ──is_empty──────────> whether there is nothing
     └─instead_of_model──> what lies there, and what to do, for an error
"""

from itertools import islice
from pathlib import Path

from stillroom.errors import DataError
from stillroom.io.json.json_files import read_json

CONFIG, ONNX_FILE = "config.json", "model.onnx"
GGUF, ONNX = ".gguf", ".onnx"
ADAPTER, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.*"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
TOKENIZERS = ("tokenizer*", "vocab.*", "*.model")
README = "README.md"
MOST = 100  # folders that are looked at
SHOWN = 3  # names of files in an error
ALLOWED = "a folder with config.json and model.safetensors, a .gguf file or an .onnx file"


def is_empty(path: Path) -> bool:
    """Tell whether a folder has no file, besides hidden ones."""
    return path.is_dir() and not any(path.glob("[!.]*"))


def instead_of_model(path: Path) -> str:
    """Return what lies at a path that holds no model, and what to do; one line."""
    if not path.exists():
        return f"does not exist. Set it to {ALLOWED}."
    if not path.is_dir():
        return f"is a file, but no model. Set it to {ALLOWED}."
    if is_empty(path):
        return f"is an empty folder. Copy a model there, or set it to {ALLOWED}."
    if (path / ADAPTER).is_file() or any(path.glob(ADAPTER_WEIGHTS)):
        return (
            f"holds an adapter{_base_of(path)}, which is no model by itself. Merge it into its "
            "model (peft: merge_and_unload, then save_pretrained), and set the path to the result."
        )
    if (path / "modules.json").is_file():
        return (
            "holds a sentence encoder in the layout of an old sentence-transformers. Load it with "
            "a current one, save it, and set the path to that folder."
        )
    below = _models_below(path)
    if below:
        more = f", and {len(below) - 1} more do" if len(below) > 1 else ""
        return (
            f"holds no model, but {below[-1].relative_to(path)} in it does{more}. Set the path to "
            f"{below[-1]}."
        )
    names = sorted(file.name for file in path.glob("[!.]*"))
    pickled = sorted(file.name for kind in PICKLES for file in path.glob(kind))
    if pickled:
        return (
            f"holds no {CONFIG}, and {pickled[0]} is a pickle, which Stillroom never reads. Save "
            "the model with save_pretrained of transformers, and set the path to that folder."
        )
    tokenizers = {file.name for kind in TOKENIZERS for file in path.glob(kind)}
    if tokenizers and tokenizers.issuperset({*names} - {README}):
        return (
            "holds a tokenizer, but no model. Set data.text.tokenizer to it, and this path to the "
            "folder of a model."
        )
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return f"holds no model ({shown}). Set it to {ALLOWED}."


def _models_below(path: Path) -> list[Path]:
    """Return some folders with a model, one or two levels below a folder, sorted."""
    configs = (file for depth in ("*", "*/*") for file in path.glob(f"{depth}/{CONFIG}"))
    return sorted(file.parent for file in islice(configs, MOST))


def _base_of(path: Path) -> str:
    """Return the name of the model that an adapter belongs to, for an error."""
    try:
        config = read_json(path / ADAPTER)
    except (DataError, OSError):
        return ""
    base = config.get("base_model_name_or_path") if isinstance(config, dict) else None
    return f" of {base[:80]}" if isinstance(base, str) and base.isprintable() else ""
