"""GGUF files: quantised weights of a language model in, a model directory out.

    model.gguf ──dequantised by transformers──> config.json, model.safetensors
               └─gguf_config──> what it says of its sizes

Blocks of quantised numbers become floats once; what the teacher says is then what the file says,
to the precision that is asked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import silence_progress

if TYPE_CHECKING:
    from transformers import PreTrainedConfig


def gguf_config(file: Path) -> "PreTrainedConfig":
    """Read the sizes of a GGUF file's model.

    Raises:
        ModelError: the file is damaged, or its architecture is not known to transformers.
    """
    import transformers

    with _one_error(file):
        return transformers.AutoConfig.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True, trust_remote_code=False
        )


def convert_gguf(file: Path, target: Path, dtype: str) -> None:
    """Write the model of a GGUF file into a folder.

    Args:
        file: as llama.cpp writes it.
        target: the folder.
        dtype: of the weights that are written, as torch calls it.

    Raises:
        ModelError: the file is damaged, or its architecture is not known to transformers.
    """
    import torch
    import transformers

    silence_progress()
    with _one_error(file):
        model = transformers.AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=getattr(torch, dtype),
            quantization_config=transformers.GgufConfig(dequantize=True),
            local_files_only=True,
            trust_remote_code=False,
        )
    target.mkdir(parents=True)
    model.save_pretrained(target)


@contextmanager
def _one_error(file: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # gguf, numpy and transformers raise what they meet
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{file} cannot be loaded: {reason}") from error
