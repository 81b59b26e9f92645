"""Conversion of a tokenizer: the files of any model in, a tokenizer.json and special tokens out.

    folder or GGUF file ──AutoTokenizer──> tokenizer.json, special tokens ──try on texts──> written
    folder in Stillroom's own form ──as it is──────────────────────────────────┘

`transformers` decides what the files of a folder mean: which of them counts when they contradict
each other, and which special tokens a class has. So the ids are those of everyone else. This runs
in a bounded worker, since the files come from elsewhere.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stillroom.config.model_files import CONFIG as MODEL_CONFIG
from stillroom.config.tokenizer_files import CONFIG, DEFINITION
from stillroom.data.text.tokenizer import special_tokens, was_written_here
from stillroom.data.text.tokenizer_budget import patterns, require_affordable
from stillroom.errors import DataError

# Attributes of a tokenizer of transformers, by the names of `SpecialTokens`.
ATTRIBUTES = {
    "end": "eos_token",
    "begin": "bos_token",
    "padding": "pad_token",
    "unknown": "unk_token",
    "mask": "mask_token",
}
TRIED = "a1 .,!?'\n\té漢😀"  # characters for runs, on which a bad pattern takes long
RUN = 2000  # characters
LETTERS = 40  # how many characters of a pattern are tried
SECONDS = 5.0
TOKENS_PER_BYTE = 16


def convert(source: str, target: str, name: str) -> dict[str, str]:
    """Convert the tokenizer of a folder or of a GGUF file, in a process that does nothing else.

    Without PyTorch, transformers reads folders as well, and is imported in a third of the time.

    Args:
        source: the folder or file.
        target: the file to write.
        name: what the tokenizer is called in an error.

    Raises:
        DataError: the tokenizer needs too much memory or time.
    """
    if not Path(source).is_dir():
        return convert_gguf(source, target, name)
    if was_written_here(Path(source)):
        return copy_as_it_is(source, target, name)
    sys.modules["torch"] = None  # type: ignore[assignment]
    return convert_folder(source, target, name)


def copy_as_it_is(folder: str, target: str, name: str) -> dict[str, str]:
    """Write the tokenizer.json of a folder as it is, so that it keeps its hash.

    Returns:
        The special tokens that its config names.

    Raises:
        DataError: the tokenizer needs too much memory or time, or there is none.
    """
    from tokenizers import Tokenizer

    definition, config = Path(folder) / DEFINITION, Path(folder) / CONFIG
    text = definition.read_text(encoding="utf-8")
    document = json.loads(text)
    require_affordable(document, name)
    _try(Tokenizer.from_str(text), document, name)
    Path(target).write_text(text, encoding="utf-8")
    special = special_tokens(json.loads(config.read_bytes()) if config.is_file() else {})
    return {ours: token for ours, token in asdict(special).items() if token is not None}


def convert_folder(folder: str, target: str, name: str) -> dict[str, str]:
    """Write the tokenizer of a folder as a tokenizer.json; return its special tokens.

    Args:
        folder: a folder with the files of a tokenizer, and the config of its model if there is one.
        target: the file to write.
        name: what the tokenizer is called in an error.

    Raises:
        DataError: the tokenizer needs too much memory or time.
    """
    definition = Path(folder) / DEFINITION
    if definition.is_file():
        require_affordable(json.loads(definition.read_bytes()), name)
    return _write(_class_for(Path(folder)), folder, target, name)


def convert_gguf(file: str, target: str, name: str) -> dict[str, str]:
    """Write the tokenizer in a GGUF file as a tokenizer.json; return its special tokens.

    Raises:
        DataError: the tokenizer needs too much memory or time.
    """
    import transformers

    path = Path(file)
    kind = transformers.AutoTokenizer
    # An absolute path: transformers prefers a file of the same name in the current folder.
    return _write(kind, str(path.parent), target, name, gguf_file=str(path))


def _class_for(folder: Path) -> Any:
    """Return the class that reads a folder. AutoTokenizer needs to know a model or a class."""
    import transformers

    config = folder / CONFIG
    document = json.loads(config.read_bytes()) if config.is_file() else {}
    is_known = "tokenizer_class" in document or (folder / MODEL_CONFIG).is_file()
    return transformers.AutoTokenizer if is_known else transformers.PreTrainedTokenizerFast


def _write(kind: Any, folder: str, target: str, name: str, **options: str) -> dict[str, str]:
    tokenizer = kind.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, **options
    )
    definition = tokenizer.backend_tokenizer.to_str()
    document = json.loads(definition)
    require_affordable(document, name)
    try:
        _try(tokenizer.backend_tokenizer, document, name)
    except DataError:
        raise
    except Exception as error:  # tokenizers raises bare exceptions
        raise DataError(
            f"{name} is read as {type(tokenizer).__name__}, the class that transformers takes for "
            f"it, which cannot encode every text ({error}). If {DEFINITION} is right by itself, "
            f"set tokenizer_class to PreTrainedTokenizerFast in its {CONFIG}."
        ) from error
    Path(target).write_text(definition, encoding="utf-8")
    special = {ours: getattr(tokenizer, theirs, None) for ours, theirs in ATTRIBUTES.items()}
    return {ours: str(token) for ours, token in special.items() if token is not None}


def _try(tokenizer: Any, document: dict[str, Any], name: str) -> None:
    """Encode runs of characters, on which damaged tables panic and bad patterns take long.

    Raises:
        DataError: this takes too long, or gives too many tokens.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    letters = sorted({one for pattern in patterns(document) for one in pattern})[:LETTERS]
    runs = [one * RUN for one in dict.fromkeys([*TRIED, *letters])]
    started = time.monotonic()
    ends = "!" + "".join(letters)  # some patterns give up early where a letter of theirs is missing
    for text in ["", TRIED, *runs, *(run + ends for run in runs), ends * 50]:
        tokens = len(tokenizer.encode(text, add_special_tokens=False).ids)
        if tokens > TOKENS_PER_BYTE * (1 + len(text.encode())):
            raise DataError(
                f"{name} makes {tokens:,} tokens of {len(text):,} characters. Replace it."
            )
        if time.monotonic() - started > SECONDS:
            raise DataError(
                f"{name} takes more than {SECONDS:g} s for a few lines of text. Replace it."
            )
