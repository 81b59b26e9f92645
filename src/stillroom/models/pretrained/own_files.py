"""Own files: the files of a model that are read, none of them a link out of its folder.

folder ──READ──> files that transformers or Stillroom reads ──no foreign link──> own_file
"""

from pathlib import Path

from stillroom.errors import ModelError
from stillroom.io.hub_cache import file_behind

READ = (
    "*.json",
    "*.safetensors",
    "*.gguf",
    "*.onnx",
    "*.model",
    "*.jinja",
    "vocab.txt",
    "merges.txt",
    "README.md",
    "LICENSE",
    "*/*.json",
)


def own_file(file: Path, folder: Path) -> Path:
    """Return a file of a model with no link on the way to it; it need not exist.

    Raises:
        ModelError: a link leads out of the folder, and not to the same repository in the Hub's
            cache.
    """
    real = file_behind(file, folder)
    if real is None:
        raise ModelError(
            f"{file} is a link to another place. Replace it with the file itself: "
            "cp -rL copies a folder with the files behind its links."
        )
    return real


def require_own_files(folder: Path) -> None:
    """Refuse a folder in which a file that is read is a link to another place.

    Raises:
        ModelError: see `own_file`.
    """
    for pattern in READ:
        for file in sorted(folder.glob(pattern)):
            own_file(file, folder)
