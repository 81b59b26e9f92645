"""Adapter folders: what lies beside a merged model in, the numbers of the adapter out.

<model>/adapter/{adapter_config.json, adapter_model.safetensors} ──read_adapter──> AdapterSummary
name of the base on the Hub ──name_base──> <model>/adapter/adapter_config.json
"""

from math import prod
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError, ModelError
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import STRICT, checked
from stillroom.models.pretrained.safetensors_files import tensor_shapes

FOLDER = "adapter"
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"  # peft's own names
BASE = "base_model_name_or_path"
MATRICES = ".lora_"
Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class AdapterSummary:
    """An adapter in numbers.

    Attributes:
        rank, alpha: those of `student.adapter`.
        targets: the names of the adapted layers, as they end in the model; or a regular expression.
        trained: how many parameters were trained: the matrices, and a classifier's head.
        parameters: how many there are, those of the frozen base and the trained ones.
    """

    rank: Count
    alpha: Count
    targets: tuple[str, ...]
    trained: Count
    parameters: Count

    def words(self) -> str:
        """Return a line about it."""
        share = self.trained / self.parameters
        return (
            f"LoRA of rank {self.rank} and alpha {self.alpha} at {', '.join(self.targets)}; "
            f"{self.trained:,} of {self.parameters:,} parameters trained, {share:.2%}"
        )


def read_adapter(model: Path) -> AdapterSummary | None:
    """Return the numbers of the adapter in a model directory; None if it has none.

    Raises:
        ModelError: a file of the adapter is missing or damaged.
        DataError: its config is malformed.
    """
    folder = model / FOLDER
    if not folder.is_dir():
        return None
    config, trained = read_json(folder / CONFIG, "train"), _sizes(folder / WEIGHTS)
    matrices = sum(size for name, size in trained.items() if MATRICES in name)
    if not isinstance(config, dict) or not matrices:
        raise ModelError(f"{folder} is damaged. Run `kedro run --pipeline=train` again.")
    targets = config.get("target_modules")
    parameters = sum(prod(shape) for shape in tensor_shapes(model).values()) + matrices
    numbers = {
        "rank": config.get("r"),
        "alpha": config.get("lora_alpha"),
        "targets": [targets] if isinstance(targets, str) else targets,
        "trained": sum(trained.values()),
        "parameters": parameters,
    }
    return checked(AdapterSummary, numbers, str(folder / CONFIG), "train")


def name_base(model: Path, base: str | None) -> None:
    """Write the name of the model that was adapted into the config of its adapter.

    Args:
        model: a model directory; nothing is done if it has no adapter.
        base: the name on the Hub; None if it is not known.

    Raises:
        DataError: the config is missing or malformed.
    """
    file = model / FOLDER / CONFIG
    if not (model / FOLDER).is_dir():
        return
    config = read_json(file, "train")
    if not isinstance(config, dict):
        raise DataError(f"{file} is no JSON object. Run `kedro run --pipeline=train` again.")
    write_json(file, config | {BASE: base})


def _sizes(file: Path) -> dict[str, int]:
    """Return the number of elements of each tensor, from the header of a file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as tensors:
            return {name: prod(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{file} is damaged ({error}). Run `kedro run --pipeline=train` again."
        ) from error
