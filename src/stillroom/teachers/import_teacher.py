"""Given teachers: a model from anywhere in, a checked directory of the project's own out.

    one of ours ────────────────┐
    Hugging Face directory ─────┼─the files of a model, no links, no code─> ensemble/member_0
    GGUF file ──dequantised─────┘        with the encoder that its answers belong to

Everything is checked before anything is written.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from stillroom.config.schema import Inference
from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder, write_encoder
from stillroom.data.encoders.sequence_encoder import Task
from stillroom.data.encoders.text_encoder import LONGEST
from stillroom.data.text.gguf_tokenizer import gguf_of, tokenizer_of
from stillroom.errors import ModelError
from stillroom.models.architectures.transformer import require_length
from stillroom.models.pretrained.gguf_weights import convert_gguf, gguf_config
from stillroom.models.pretrained.model_directory import (
    CONFIG,
    PREPROCESSOR,
    opened_by,
    read_config,
    read_encoder,
    require_openable,
)
from stillroom.models.pretrained.safetensors_files import INDEX, weight_files
from stillroom.teachers.compatibility import require_alike

# What is copied, since what lies in the project is pushed to a remote; all else stays behind.
BESIDE_WEIGHTS = (CONFIG, INDEX, "generation_config.json", "README.md", "LICENSE")
CLASSIFIER = "AutoModelForSequenceClassification"
TASKS: dict[str, Task] = {
    "AutoModelForCausalLM": "next_token",
    "AutoModelForMaskedLM": "masked_token",
}


def take_over(given: Path, target: Path, encoder: Encoder, inference: Inference) -> None:
    """Put a teacher into the project.

    Args:
        given: a model directory, or a GGUF file.
        target: the folder, which does not exist yet.
        encoder: of the examples.
        inference: in whose precision a GGUF file is dequantised.

    Raises:
        ModelError: it is no model, a file is a link or damaged, it needs code of its own, or its
            classes, tokens or length are others.
        DataError: its encoder or tokenizer is malformed.
    """
    quantised = gguf_of(given)
    if quantised is None:
        _require_model(given)
    own = _own_encoder(given, encoder)
    require_alike(own, encoder, given)
    if isinstance(encoder, SequenceEncoder):
        config = read_config(given) if quantised is None else gguf_config(quantised)
        require_length(config, encoder.length)
    if quantised is None:
        _copy(given, target)
    else:
        convert_gguf(quantised, target, inference.dtype)
    write_encoder(own, target, PREPROCESSOR)


def _require_model(given: Path) -> None:
    if not given.is_dir():
        raise ModelError(
            f"teacher.path {given} is no folder. Name a Hugging Face model directory, or a file "
            "that ends with .gguf."
        )
    require_openable(given)


def _own_encoder(given: Path, encoder: Encoder) -> Encoder:
    """Return the encoder that lies beside a model, or the one that its tokenizer makes."""
    if gguf_of(given):
        return _of_tokens(given, encoder, "next_token")
    if (given / PREPROCESSOR).is_file():
        return read_encoder(given)
    automatic = opened_by(given)
    if automatic == CLASSIFIER:
        return _of_texts(given, encoder)
    if automatic in TASKS:
        return _of_tokens(given, encoder, TASKS[automatic])
    return read_encoder(given)  # which says what is missing


def _of_texts(given: Path, encoder: Encoder) -> TokenEncoder:
    """Return the encoder of a classifier of texts, whose config names the classes in order."""
    config = read_config(given)
    named: dict[Any, str] = dict(config.id2label or {})
    if isinstance(encoder, TokenEncoder):
        length = encoder.length
    else:
        most = getattr(config, "max_position_embeddings", None)
        length = most if isinstance(most, int) else LONGEST
    return TokenEncoder.of(tokenizer_of(given), [named[at] for at in sorted(named)], length)


def _of_tokens(given: Path, encoder: Encoder, task: Task) -> SequenceEncoder:
    if not isinstance(encoder, SequenceEncoder):
        raise ModelError(
            f"{given} is a language model, and the examples are {encoder.kind}. Set "
            "groups.experiment=causal_lm, or name another teacher."
        )
    return replace(encoder, tokenizer=tokenizer_of(given), task=task)


def _copy(given: Path, target: Path) -> None:
    names = [*BESIDE_WEIGHTS, *(file.name for file in weight_files(given))]
    for name in names:
        if (given / name).is_symlink():
            raise ModelError(f"{given / name} is a link. Put the file itself there.")
    target.mkdir(parents=True)
    for name in names:
        if (given / name).is_file():
            shutil.copyfile(given / name, target / name)
