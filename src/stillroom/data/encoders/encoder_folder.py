"""Encoders on disk: a folder with JSON, and with a tokenizer where inputs are tokens.

Encoder ──write_encoder──> encoder.json, tokenizer.json, tokenizer_config.json ──read──> Encoder

Beside a model the JSON is called `preprocessor_config.json`, and the tokenizer lies where every
reader of a Hugging Face directory looks for it.
"""

from pathlib import Path

from stillroom.data.encoders.array_encoder import ArrayEncoder
from stillroom.data.encoders.sequence_encoder import KIND as SEQUENCE
from stillroom.data.encoders.sequence_encoder import SequenceEncoder
from stillroom.data.encoders.text_encoder import KIND as TEXT
from stillroom.data.encoders.text_encoder import TokenEncoder
from stillroom.data.text.tokenizer import read_tokenizer, write_tokenizer
from stillroom.io.json.json_files import read_json, write_json

Encoder = ArrayEncoder | SequenceEncoder | TokenEncoder

FILE = "encoder.json"


def write_encoder(encoder: Encoder, folder: Path, name: str = FILE) -> None:
    """Write an encoder into a folder that exists, its JSON under `name`."""
    write_json(folder / name, encoder.to_json())
    if isinstance(encoder, SequenceEncoder | TokenEncoder):
        write_tokenizer(encoder.tokenizer, folder)


def read_encoder(folder: Path, name: str = FILE) -> Encoder:
    """Read what `write_encoder` wrote.

    Raises:
        DataError: the document is not one that an encoder gives, or the tokenizer is missing,
            malformed or another one.
    """
    document = read_json(folder / name)
    if isinstance(document, dict) and document.get("kind") == SEQUENCE:
        return SequenceEncoder.from_json(document, read_tokenizer(folder))
    if isinstance(document, dict) and document.get("kind") == TEXT:
        return TokenEncoder.from_json(document, read_tokenizer(folder))
    return ArrayEncoder.from_json(document)
