"""GGUF files, as llama.cpp writes them: the tokenizer of a model in, a Tokenizer out.

a model ──gguf_of──> the file, if it is one ──tokenizer_of──> Tokenizer; else of its folder
"""

from pathlib import Path

from stillroom.data.text.tokenizer import Special, Tokenizer, read_tokenizer
from stillroom.errors import DataError

SUFFIX = ".gguf"


def gguf_of(path: Path) -> Path | None:
    """Return the GGUF file that a path is, or the only one in a folder without a config.

    Raises:
        DataError: there are several.
    """
    if path.suffix == SUFFIX and path.is_file():
        return path
    if not path.is_dir() or (path / "config.json").is_file():
        return None
    found = sorted(path.glob(f"*{SUFFIX}"))
    if len(found) > 1:
        raise DataError(f"{path} holds {len(found)} GGUF files. Name the one, as {found[0]}.")
    return found[0] if found else None


def tokenizer_of(model: Path) -> Tokenizer:
    """Read the tokenizer of a model: of a GGUF file, else of a folder.

    Raises:
        DataError: there is none, or it is malformed.
    """
    file = gguf_of(model)
    return read_tokenizer(model) if file is None else _within(file)


def _within(file: Path) -> Tokenizer:
    import transformers

    try:
        found = transformers.AutoTokenizer.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True, trust_remote_code=False
        )
        definition = found.backend_tokenizer.to_str()
    except Exception as error:  # its reader and the converters raise what they meet
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{file} has no tokenizer that can be read ({reason}).") from error
    named = {
        "end": found.eos_token,
        "begin": found.bos_token,
        "padding": found.pad_token,
        "unknown": found.unk_token,
    }
    return Tokenizer(definition, Special(**{name: token for name, token in named.items() if token}))
