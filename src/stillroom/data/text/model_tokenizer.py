"""The tokenizer of a model, read from a GGUF file, as llama.cpp writes it, or from a folder.

model ──gguf_file──> its GGUF file, or None ──read_model_tokenizer──> Tokenizer
"""

from pathlib import Path

from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer, read_tokenizer
from stillroom.errors import DataError

SUFFIX = ".gguf"


def gguf_file(path: Path) -> Path | None:
    """Return the GGUF file at a path, or the only GGUF file in a folder without a config; or None.

    Raises:
        DataError: the folder holds several GGUF files.
    """
    if path.suffix == SUFFIX and path.is_file():
        return path
    if not path.is_dir() or (path / "config.json").is_file():
        return None
    files = sorted(path.glob(f"*{SUFFIX}"))
    if len(files) > 1:
        raise DataError(
            f"{path} holds {len(files)} GGUF files. Set the path to one of them, for example "
            f"{files[0]}."
        )
    return files[0] if files else None


def read_model_tokenizer(model: Path) -> Tokenizer:
    """Read the tokenizer of a model, from its GGUF file or its folder.

    Raises:
        DataError: the model has no tokenizer, or a malformed one.
    """
    file = gguf_file(model)
    return read_tokenizer(model) if file is None else _tokenizer_in_gguf(file)


def _tokenizer_in_gguf(file: Path) -> Tokenizer:
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True, trust_remote_code=False
        )
        definition = tokenizer.backend_tokenizer.to_str()
    except Exception as error:  # the GGUF reader and the converters raise unrelated types
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{file} has no tokenizer that can be read ({reason}). Choose another file."
        ) from error
    named = {
        "end": tokenizer.eos_token,
        "begin": tokenizer.bos_token,
        "padding": tokenizer.pad_token,
        "unknown": tokenizer.unk_token,
    }
    return Tokenizer(
        definition, SpecialTokens(**{name: token for name, token in named.items() if token})
    )
