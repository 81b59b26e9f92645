"""Encoders on disk: a folder with a JSON file, and a tokenizer if the inputs are tokens.

Encoder ──write_encoder──> encoder.json, tokenizer.json, tokenizer_config.json,
                           chat templates for conversations ──read──> Encoder

Beside a model, the JSON file is `preprocessor_config.json`, and the tokenizer is stored where other
programs look for it in a Hugging Face directory.
"""

from collections.abc import Callable
from pathlib import Path

from stillroom.data.encoders.array_encoder import ArrayEncoder
from stillroom.data.encoders.sequence_encoder import KIND as SEQUENCE
from stillroom.data.encoders.sequence_encoder import TEMPLATE_FILES, SequenceEncoder
from stillroom.data.encoders.text_encoder import KIND as TEXT
from stillroom.data.encoders.text_encoder import TokenEncoder
from stillroom.data.files.whole_file import read_whole
from stillroom.data.text.model_tokenizer import read_given_tokenizer
from stillroom.data.text.tokenizer import Tokenizer, read_tokenizer, write_tokenizer
from stillroom.errors import DataError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.json.json_files import read_json, write_json

Encoder = ArrayEncoder | SequenceEncoder | TokenEncoder

FILE = "encoder.json"
LARGEST_TEMPLATE = 2**20  # bytes


def write_encoder(encoder: Encoder, folder: Path, name: str = FILE) -> None:
    """Write an encoder into an existing folder, with `name` for the JSON file."""
    write_json(folder / name, encoder.to_json())
    if isinstance(encoder, SequenceEncoder | TokenEncoder):
        write_tokenizer(encoder.tokenizer, folder)
    for field, text in encoder.templates.items() if isinstance(encoder, SequenceEncoder) else ():
        file = folder / TEMPLATE_FILES[field]
        file.parent.mkdir(exist_ok=True)
        write_text(file, text)


def read_encoder(folder: Path, name: str = FILE) -> Encoder:
    """Read an encoder that `write_encoder` wrote below the project's own data.

    Raises:
        DataError: the document does not come from an encoder, or the tokenizer is missing or
            malformed, or is not the one of the encoder.
    """
    return _encoder(folder, name, read_tokenizer)


def read_given_encoder(folder: Path, name: str) -> Encoder:
    """Read an encoder in a folder that comes from elsewhere: its tokenizer, within bounds.

    Raises:
        DataError: as `read_encoder`, or the tokenizer goes beyond the bounds.
    """
    return _encoder(folder, name, read_given_tokenizer)


def _encoder(folder: Path, name: str, tokenizer_in: Callable[[Path], Tokenizer]) -> Encoder:
    document = read_json(folder / name)
    if isinstance(document, dict) and document.get("kind") == SEQUENCE:
        return SequenceEncoder.from_json(document, tokenizer_in(folder), _templates(folder))
    if isinstance(document, dict) and document.get("kind") == TEXT:
        return TokenEncoder.from_json(document, tokenizer_in(folder))
    return ArrayEncoder.from_json(document)


def _templates(folder: Path) -> dict[str, str]:
    """Return the chat templates beside an encoder, by the names of their fields."""
    files = {field: folder / name for field, name in TEMPLATE_FILES.items()}
    return {field: _template(file) for field, file in files.items() if file.is_file()}


def _template(path: Path) -> str:
    try:
        return read_whole(path, str(path), LARGEST_TEMPLATE).decode()
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8. Run the ingest stage again.") from None
