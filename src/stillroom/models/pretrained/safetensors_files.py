"""Weights on disk: one safetensors file, or several with an index, never a pickle.

folder ──weight_files──> paths ──weights_hash──> SHA-256 of the weights
                               ├─tensor_shapes─> the shape of each tensor, from the headers
                               └─open_tensors──> the tensors, read one by one when they are used

What is hashed is what is read: no other file is opened, whatever a config or an index says.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from stillroom.errors import DataError, ModelError
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.files.holes import is_mostly_holes
from stillroom.io.json.json_files import read_json

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
LARGEST_INDEX = 2**26  # bytes; that of a model of 1.6 million tensors


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
    files = [path / name for name in files_of_index(path / INDEX)]
    for file in files:
        if not file.is_file():
            raise ModelError(
                f"{file} does not exist, but {INDEX} lists it. Download the model again."
            )
    return files


def files_of_index(path: Path) -> list[str]:
    """Return the names of the files in an index, sorted; they must lie in its folder.

    Raises:
        ModelError: it lists another kind of file, or a file elsewhere.
        DataError: it lists no file, or is not JSON.
    """
    document = read_json(path, most=LARGEST_INDEX)
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
    """Refuse weights that are truncated, mostly holes, or whose header does not fit their length.

    Raises:
        ModelError: a file is damaged; the message names it.
    """
    for file in weight_files(path):
        if is_mostly_holes(file):
            raise ModelError(
                f"{file} has {file.stat().st_size:,} bytes, but few of them are on the disk: the "
                "rest are holes, which read as zeros. Download or save it again."
            )
    tensor_shapes(path)


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor by name, from the headers of the files.

    Raises:
        ModelError: a file is damaged, or two files hold a tensor of one name.
    """
    with open_tensors(path) as tensors:
        return {name: tuple(tensor.get_shape()) for name, tensor in tensors.items()}


@contextmanager
def open_tensors(path: Path) -> Iterator[dict[str, Any]]:
    """Yield all tensors by name; each is read from its file when it is indexed.

    Raises:
        ModelError: a file is damaged, or two files hold a tensor of one name.
    """
    from safetensors import SafetensorError, safe_open

    with ExitStack() as stack:
        tensors: dict[str, Any] = {}
        for file in weight_files(path):
            try:
                opened = stack.enter_context(safe_open(file, framework="pt"))
            except (SafetensorError, OSError) as error:
                raise ModelError(
                    f"{file} is damaged ({error}). Download or save it again."
                ) from error
            except RuntimeError as error:  # PyTorch cannot map it into memory
                raise ModelError(
                    f"{file} cannot be opened: {error}. It needs more memory than this process has."
                ) from error
            for name in opened.keys():  # noqa: SIM118  (it has no __iter__)
                if name in tensors:
                    raise ModelError(
                        f"{file} and another file of the model hold a tensor {name[:80]!r}. "
                        "Download the model again."
                    )
                tensors[name] = opened.get_slice(name)
        yield tensors
