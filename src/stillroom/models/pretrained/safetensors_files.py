"""Weights on disk: one safetensors file, or several with an index, never a pickle.

folder ──weight_files──> paths ──weights_hash───> SHA-256 of the weights
                               └─require_intact─> an error if a header is damaged
"""

from pathlib import Path

from stillroom.errors import DataError, ModelError
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.json.json_files import read_json

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


def weight_files(path: Path) -> list[Path]:
    """Return the files with the weights of a model, sorted by name.

    Raises:
        ModelError: there is no file, or a file that the index lists is missing or in another
            folder; the message names pickled weights.
        DataError: the index lists no file, or is not JSON.
    """
    if (path / WEIGHTS).is_file():
        return [path / WEIGHTS]
    if not (path / INDEX).is_file():
        pickled = sorted(file.name for kind in ("*.bin", "*.pt*") for file in path.glob(kind))
        hint = f" {pickled[0]} is a pickle: convert it to safetensors." if pickled else ""
        raise ModelError(f"{path / WEIGHTS} does not exist.{hint}")
    files = [path / name for name in _index_files(path / INDEX)]
    for file in files:
        if not file.is_file():
            raise ModelError(
                f"{file} does not exist, but {INDEX} lists it. Download the model again."
            )
    return files


def weights_hash(path: Path) -> str:
    """Return the SHA-256 of the weights file, or one hash over the hashes of several files.

    Raises:
        ModelError: see `weight_files`.
    """
    files = weight_files(path)
    if len(files) == 1:
        return sha256_file(files[0])
    return sha256_json({file.name: sha256_file(file) for file in files})


def require_intact(path: Path) -> None:
    """Refuse weights that are truncated, or whose header does not fit their length.

    Raises:
        ModelError: a file is damaged; the message names it.
    """
    from safetensors import SafetensorError, safe_open

    for file in weight_files(path):
        try:
            with safe_open(file, framework="numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file} is damaged ({error}). Download or save it again.") from error


def _index_files(path: Path) -> list[str]:
    """Return the names of the files in an index; they must lie in its folder."""
    document = read_json(path)
    weight_map = document.get("weight_map") if isinstance(document, dict) else None
    names = sorted(set(map(str, weight_map.values()))) if isinstance(weight_map, dict) else []
    if not names:
        raise DataError(f"{path} lists no file. Download it again.")
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelError(
                f"{path} lists {name!r}. Only safetensors files in the folder of the index are "
                "allowed. Download the model again."
            )
    return names
