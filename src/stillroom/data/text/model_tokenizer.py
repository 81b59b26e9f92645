"""The tokenizer of a model, from a folder or a GGUF file of any program.

    model ──the files of its tokenizer──> worker: AutoTokenizer, budget, trial ──> Tokenizer
                                          └─a form that Stillroom writes: as it is─┘

Anyone can write that form, so it spares a folder the conversion, but no check. The ids and special
tokens are those of `AutoTokenizer`, also where the files contradict each other, or name the tokens
elsewhere. The files are read once, and no link out of the folder is followed.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from stillroom.config.model_files import CONFIG as MODEL_CONFIG
from stillroom.config.tokenizer_files import (
    CONFIG,
    DEFINITION,
    MODELS,
    SETTINGS,
    VOCABULARIES,
)
from stillroom.data.text.convert_tokenizer import convert, copy_as_it_is
from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer
from stillroom.data.text.tokenizer_budget import MOST_BYTES
from stillroom.errors import DataError
from stillroom.io.bounded_worker import Bounds, run_bounded
from stillroom.io.byte_sizes import size_text
from stillroom.io.files.gguf_parts import first_part, single_model
from stillroom.io.hub_cache import file_behind

SUFFIX = ".gguf"
BOUNDS = Bounds(result=4 * MOST_BYTES)
Reader = Callable[[str, str, str], dict[str, str]]

# The tokenizers that this process has read, by the hash of their files.
_READ: dict[str, Tokenizer] = {}


def gguf_file(path: Path) -> Path | None:
    """Return the GGUF file at a path, or that in a folder without a config; or None.

    Of a file in parts it is the first part, regardless of which part is at the path.

    Raises:
        DataError: the folder holds GGUF files of several models, or a file that `path` does not
            name itself is a link out of its folder.
    """
    if path.suffix == SUFFIX and path.is_file():
        first = first_part(path)
        return first if first == path else _own(first)
    if not path.is_dir() or (path / MODEL_CONFIG).is_file():
        return None
    files = sorted(path.glob(f"*{SUFFIX}"))
    if files and single_model(files) is None:
        raise DataError(
            f"{path} holds {len(files)} GGUF files of several models. Set the path to one of "
            f"them, for example {files[0]}."
        )
    return _own(first_part(files[0])) if files else None


def _own(file: Path) -> Path:
    if file_behind(file, file.parent) is None:
        raise DataError(f"{file} is a link out of its folder. Replace it with the file itself.")
    return file


def read_model_tokenizer(model: Path) -> Tokenizer:
    """Read the tokenizer of a model, from its GGUF file or its folder.

    Raises:
        DataError: the model has no tokenizer, or one that cannot be read within bounds.
    """
    file = gguf_file(model)
    if file is not None:
        return _tokenizer_in_gguf(file)
    return _read(convert, _files_of(model), model)


def read_given_tokenizer(folder: Path) -> Tokenizer:
    """Read the tokenizer.json beside an encoder of Stillroom that lies in a given folder.

    It is taken as it is, since the encoder names its hash, but within bounds.

    Raises:
        DataError: there is none, or one that cannot be read within bounds.
    """
    files = [file for name in (DEFINITION, CONFIG) if (file := folder / name).is_file()]
    if folder / DEFINITION not in files:
        raise DataError(f"{folder / DEFINITION} does not exist. Copy the whole folder again.")
    return _read(copy_as_it_is, {file.name: _content(file) for file in files}, folder)


def _tokenizer_in_gguf(file: Path) -> Tokenizer:
    with TemporaryDirectory(prefix="stillroom-") as folder:
        target = Path(folder) / DEFINITION
        name = f"The tokenizer of {file}"
        special = run_bounded(convert, str(file.resolve()), str(target), name, subject=name)
        return Tokenizer(target.read_text(encoding="utf-8"), SpecialTokens(**special))


def _files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of the files of a tokenizer, by name.

    Raises:
        DataError: there is none, one is too large, or one is a link out of the folder.
    """
    models = sorted(file.name for file in folder.glob(MODELS))
    given = {name for name in (*VOCABULARIES, *models) if (folder / name).is_file()}
    if not given:
        raise DataError(
            f"{folder / DEFINITION} does not exist, and no other file of a tokenizer. Choose a "
            f"folder with a {DEFINITION}."
        )
    settings = {name for name in SETTINGS if (folder / name).is_file()}
    return {name: _content(folder / name) for name in sorted(given | settings)}


def _content(file: Path) -> bytes:
    with _own(file).open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{file} is larger than {size_text(MOST_BYTES)}, the most for a file of a tokenizer. "
            "Replace it."
        )
    return content


def _read(reader: Reader, files: dict[str, bytes], model: Path) -> Tokenizer:
    digests = [f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in files.items()]
    key = "\n".join([reader.__name__, *digests])
    if key not in _READ:
        with TemporaryDirectory(prefix="stillroom-") as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            is_text = any(name in files for name in VOCABULARIES)
            _READ[key] = _convert(reader, Path(folder), model, is_text)
    return _READ[key]


def _convert(reader: Reader, copy: Path, model: Path, is_text: bool) -> Tokenizer:
    target, name = copy / "converted.json", f"The tokenizer of {model}"
    try:
        special = run_bounded(reader, str(copy), str(target), name, subject=name, bounds=BOUNDS)
    except DataError as error:
        if is_text:
            raise
        raise DataError(
            f"{error} It has no {DEFINITION}, but a slow tokenizer. Save it as a fast one: "
            f"`AutoTokenizer.from_pretrained('{model}').save_pretrained('{model}')`, which needs "
            "the package sentencepiece or tiktoken."
        ) from error
    return Tokenizer(target.read_text(encoding="utf-8"), SpecialTokens(**special))
