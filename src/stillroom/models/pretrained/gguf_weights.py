"""GGUF files: quantised weights of a language model in, a model directory out.

    model.gguf ──dequantised by transformers──> config.json, model.safetensors
               └─gguf_config──> the config of the model

The quantised numbers become floats once, at the import. The teacher then has the weights of the
file, in the precision that the caller names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import ModelError
from stillroom.models.pretrained.load_pretrained import require_all_weights, silence_progress

if TYPE_CHECKING:
    from transformers import PreTrainedConfig


def gguf_config(file: Path) -> "PreTrainedConfig":
    """Read the config of the model in a GGUF file.

    Raises:
        ModelError: the file is damaged, or transformers does not know its architecture.
    """
    import transformers

    with _one_error(file):
        return transformers.AutoConfig.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True, trust_remote_code=False
        )


def convert_gguf(file: Path, target: Path, dtype: str) -> None:
    """Write the model of a GGUF file into a folder.

    Args:
        file: a GGUF file, as llama.cpp writes it.
        target: the folder to write.
        dtype: the type of the written weights, by its name in torch.

    Raises:
        ModelError: the file is damaged, or transformers does not know its architecture.
    """
    import torch
    import transformers

    silence_progress()
    with _one_error(file):
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=getattr(torch, dtype),
            quantization_config=transformers.GgufConfig(dequantize=True),
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    require_all_weights(str(file), model, info)
    target.mkdir(parents=True)
    model.save_pretrained(target)


@contextmanager
def _one_error(file: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # gguf, numpy and transformers raise unrelated types
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{file} cannot be loaded: {reason}") from error
