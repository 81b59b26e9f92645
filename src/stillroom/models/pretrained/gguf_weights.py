"""GGUF files: quantised weights of a language model in, a model directory out.

    model.gguf ──dequantised by transformers──> config.json, model.safetensors
               └─gguf_config──> the config of the model

The quantised numbers become floats once, at the import. The teacher then has the weights of the
file, in the precision that the caller names. Of a file in parts, all parts are read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError
from stillroom.models.pretrained.auto_classes import CAUSAL_LM
from stillroom.models.pretrained.gguf_header import GgufHeader
from stillroom.models.pretrained.gguf_split import read_gguf_parts, whole_gguf
from stillroom.models.pretrained.load_pretrained import (
    model_without_memory,
    require_all_weights,
    silence_transformers,
)
from stillroom.models.pretrained.size_checks import (
    WeightSize,
    require_memory,
    require_plausible_config,
    require_plausible_model,
)

if TYPE_CHECKING:
    from transformers import PreTrainedConfig


def gguf_config(file: Path) -> "PreTrainedConfig":
    """Read the config of the model in a GGUF file.

    Raises:
        ModelError: the file or a part of it is damaged, or transformers does not know its
            architecture.
    """
    headers = read_gguf_parts(file)
    return _config(headers[0].path, _size_of(headers))


def convert_gguf(file: Path, target: Path, dtype: str) -> None:
    """Write the model of a GGUF file into a folder.

    Args:
        file: a GGUF file as llama.cpp writes it, or any of its parts.
        target: the folder to write.
        dtype: the type of the written weights, by its name in torch.

    Raises:
        ModelError: a part is missing or damaged, transformers does not know the architecture, or
            a tensor of the model is missing.
    """
    import torch
    import transformers

    silence_transformers()
    headers = read_gguf_parts(file)
    with whole_gguf(headers, target.parent) as whole, _one_error(headers[0].path):
        size = _size_of(headers)
        empty = model_without_memory(CAUSAL_LM, _config(whole, size), file, size)
        require_plausible_model(empty, size, str(file))
        require_memory(empty, getattr(torch, dtype).itemsize, str(file))
        automatic: Any = transformers.AutoModelForCausalLM
        # An absolute path: transformers prefers a file of the same name in the current folder.
        model, info = automatic.from_pretrained(
            whole.parent,
            gguf_file=str(whole),
            dtype=getattr(torch, dtype),
            quantization_config=transformers.GgufConfig(dequantize=True),
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        require_all_weights(str(headers[0].path), model, info)
    target.mkdir(parents=True)
    model.save_pretrained(target)


def _config(file: Path, size: WeightSize) -> "PreTrainedConfig":
    import transformers

    with _one_error(file):
        config = transformers.AutoConfig.from_pretrained(
            file.parent,
            gguf_file=str(file.absolute()),
            local_files_only=True,
            trust_remote_code=False,
        )
        require_plausible_config(config.to_dict(), size, str(file))
    return config


def _size_of(headers: Sequence[GgufHeader]) -> WeightSize:
    tensors = [tensor for header in headers for tensor in header.tensors]
    return WeightSize(len(tensors), sum(tensor.elements for tensor in tensors))


@contextmanager
def _one_error(file: Path) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # gguf, numpy and transformers raise unrelated types
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{file} cannot be loaded: {reason}") from error
