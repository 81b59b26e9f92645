"""Weights on disk: one safetensors file, or several under an index; never a pickle.

folder ──weight_files──> paths ──weights_hash──> which weights they are
                               └─require_sound─> refused where a header is damaged
"""

from pathlib import Path

from stillroom.errors import DataError, ModelError
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.json.json_files import read_json

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


def weight_files(path: Path) -> list[Path]:
    """Return the files that hold a model's weights, by name.

    Raises:
        ModelError: there are none, the index is malformed, or one that it names is missing;
            pickled weights are named.
    """
    if (path / WEIGHTS).is_file():
        return [path / WEIGHTS]
    if not (path / INDEX).is_file():
        pickled = sorted(found.name for kind in ("*.bin", "*.pt*") for found in path.glob(kind))
        hint = f" {pickled[0]} is a pickle: convert it to safetensors." if pickled else ""
        raise ModelError(f"{path / WEIGHTS} does not exist.{hint}")
    files = [path / name for name in _indexed(path / INDEX)]
    for file in files:
        if not file.is_file():
            raise ModelError(f"{file} does not exist, and {INDEX} names it. Fetch it again.")
    return files


def weights_hash(path: Path) -> str:
    """Return which weights a folder holds: the file's SHA-256, or that of each file's.

    Raises:
        ModelError: as `weight_files`.
    """
    files = weight_files(path)
    if len(files) == 1:
        return sha256_file(files[0])
    return sha256_json({file.name: sha256_file(file) for file in files})


def require_sound(path: Path) -> None:
    """Refuse weights that are cut short, or whose header does not fit their length.

    Raises:
        ModelError: names the file.
    """
    from safetensors import SafetensorError, safe_open

    for file in weight_files(path):
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file} is damaged ({error}). Fetch or write it again.") from error


def _indexed(path: Path) -> list[str]:
    """Return the names of the files of an index, which all lie beside it."""
    document = read_json(path)
    found = document.get("weight_map") if isinstance(document, dict) else None
    names = sorted(set(map(str, found.values()))) if isinstance(found, dict) else []
    if not names:
        raise DataError(f"{path} names no file. Fetch it again.")
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelError(
                f"{path} names {name!r}; weights are safetensors files that lie beside it."
            )
    return names
