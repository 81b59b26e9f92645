"""Size checks: what a config claims against what the weights hold, before memory is spent.

    config.json + headers of the weights ──require_plausible_config──> layers, experts, labels
    model that is being built + headers ──bounded_parts──> modules and parameters
    empty model + headers ──require_plausible_model──> parameters and buffers

A config of 200 bytes can describe 10⁹ layers. Each layer has a tensor, and each parameter is in a
file, so the headers of the weights bound what a config may describe.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError
from stillroom.io.json.document_fields import document_fields
from stillroom.models.pretrained.safetensors_files import open_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Configs keep defaults of larger models, such as max_window_layers, so that small numbers are free.
FREE_LAYERS, FREE_EXPERTS, FREE_LABELS, FREE_POSITIONS = 1000, 2**16, 1000, 2**27
MOST_LABELS = 2**20
FREE_PARAMETERS, FREE_BYTES = 10_000_000, 2**30
LARGEST = 2**40  # of any number in a config
LAYERS = re.compile(r"^(?!.*(size|length|norm))(.*_)?(layers?|blocks?|depths?|stages?)(_|$)")
EXPERTS = re.compile(r"experts?(_|$)")
POSITIONS = re.compile(r"positions?(_|$)|n_ctx|context_length")
LABELS = "num_labels"
ENDLESS = "time_step_limit"  # of Mamba 2, which is infinite by default
FREE_PARTS = 2**15  # modules and parameters that an empty model may have, whatever its weights
PARTS_PER_TENSOR = 16
GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class WeightSize:
    """How much the weight files of a model hold.

    Attributes:
        tensors: how many tensors.
        parameters: how many parameters they may hold at most; packed ones count their bits.
    """

    tensors: int
    parameters: int


def require_plausible_config(document: Mapping[str, Any], size: WeightSize, name: str) -> None:
    """Refuse a config with more layers, experts, labels or positions than the weights can hold.

    Args:
        document: the content of `config.json`.
        size: of the weights.
        name: names the file in an error.

    Raises:
        ModelError: the error names the key, and what is allowed.
    """
    layers, experts = 1, 1
    for key, number in _numbers(document):
        most = LARGEST
        if not math.isfinite(number):
            if key == ENDLESS:
                continue
            raise ModelError(f"{name} has {key} = {number}, which is not finite. Save it again.")
        if key == LABELS:
            most = min(max(size.parameters, FREE_LABELS), MOST_LABELS)
        elif EXPERTS.search(key):
            most = max(4 * size.tensors, FREE_EXPERTS)
            experts = max(experts, int(min(number, most)))
        elif LAYERS.search(key):
            most = max(size.tensors, FREE_LAYERS)
            layers = max(layers, int(min(number, most)))
        elif POSITIONS.search(key):
            most = max(size.parameters, FREE_POSITIONS)
        if abs(number) > most:
            raise _implausible(name, f"{key} = {number:,}", f"at most {most:,}", size)
    most = max(4 * size.tensors, FREE_EXPERTS)
    if layers * experts > most:
        raise _implausible(name, f"{layers:,} layers of {experts:,} experts", f"{most:,}", size)


@contextmanager
def bounded_parts(size: WeightSize, name: str) -> Iterator[None]:
    """Refuse to build a model of many more modules and parameters than its weights have tensors.

    Each architecture calls its counts of layers by names of its own, so what is built is counted.

    Args:
        size: of the weights.
        name: names the model in an error.

    Raises:
        ModelError: inside, as soon as there are too many.
    """
    from torch.nn.modules import module

    most, parts = max(PARTS_PER_TENSOR * size.tensors, FREE_PARTS), 0

    def count(*_: object) -> None:
        nonlocal parts
        parts += 1
        if parts > most:
            raise _implausible(name, "more modules and parameters", f"at most {most:,}", size)

    hooks = [
        module.register_module_module_registration_hook(count),
        module.register_module_parameter_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def require_plausible_model(model: "PreTrainedModel", size: WeightSize, name: str) -> None:
    """Refuse a model that has many more parameters than its weights hold, or huge buffers.

    Args:
        model: without memory for its weights.
        size: of the weights.
        name: names the model in an error.

    Raises:
        ModelError: the error has both numbers.
    """
    parameters = sum(one.numel() for one in {id(one): one for one in model.parameters()}.values())
    most = 2 * size.parameters + FREE_PARAMETERS
    if parameters > most:
        raise _implausible(name, f"{parameters:,} parameters", f"at most {most:,}", size)
    buffers = sum(one.numel() * one.element_size() for one in model.buffers())
    most = 8 * size.parameters + FREE_BYTES
    if buffers > most:
        raise _implausible(name, f"buffers of {buffers:,} bytes", f"at most {most:,}", size)


def require_memory(model: "PreTrainedModel", bytes_each: int, name: str) -> None:
    """Refuse a model whose weights do not fit into the memory of this machine.

    Args:
        model: without memory for its weights.
        bytes_each: of one parameter.
        name: names the model in an error.

    Raises:
        ModelError: the error has both sizes.
    """
    needed = sum(one.numel() for one in model.parameters()) * bytes_each
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise ModelError(
            f"{name} needs {needed / GIGABYTE:,.0f} GB of memory, but this machine has "
            f"{memory / GIGABYTE:,.0f} GB. Set teacher.dtype=bfloat16, choose a smaller model, or "
            "another machine."
        )


def weight_size(path: Path) -> WeightSize:
    """Return how much the weight files of a model directory hold, from their headers.

    Raises:
        ModelError: a file is missing or damaged.
    """
    with open_tensors(path) as tensors:
        held = [_parameters(one.get_dtype(), one.get_shape()) for one in tensors.values()]
    return WeightSize(len(held), sum(held))


def _parameters(dtype: str, shape: Sequence[int]) -> int:
    """Return how many parameters a tensor may hold; whole numbers may be packed single bits."""
    is_packed = not dtype.startswith(("F", "BF"))
    bits = int(re.sub(r"\D", "", dtype) or 8) if is_packed else 1
    return prod(shape) * bits


def _numbers(document: Mapping[str, Any]) -> Iterator[tuple[str, int | float]]:
    """Yield each number in a document with the key that it is under."""
    for key, value in document_fields(document):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, value


def _implausible(name: str, what: str, allowed: str, size: WeightSize) -> ModelError:
    return ModelError(
        f"{name} describes {what[:200]}, but weights of {size.tensors:,} tensors and "
        f"{size.parameters:,} parameters allow {allowed}. Download or save the model again."
    )
