"""Checkpoints: Lightning's state in, one safetensors file out, and back; never a pickle.

    nested dicts and lists of tensors and plain values ──write_tree──> tensors, and JSON in the
                                                                       header: one file, one rename

`SafetensorsCheckpointIO` is Lightning's plugin for it. A checkpoint belongs to one fit: it records
what the fit depends on, and only an equal fit continues from it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from stillroom.errors import DataError
from stillroom.io.files.atomic_file import write_with

Tree = Any  # nested dicts and lists of tensors, numbers, text, None

_TENSOR, _PAIRS = "$tensor", "$pairs"


class SafetensorsCheckpointIO(CheckpointIO):
    """Reads and writes checkpoints as safetensors, atomically."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write a checkpoint; a kill leaves the previous one intact."""
        write_tree(Path(path), checkpoint)

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Return a checkpoint, its tensors on the CPU."""
        return read_tree(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        """Remove a checkpoint."""
        Path(path).unlink(missing_ok=True)


def write_tree(path: Path, tree: Tree) -> None:
    """Write a tree of tensors and plain values as one file.

    Raises:
        TypeError: the tree holds a value of another type.
        OSError: the file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    document = json.dumps(_flat(tree, tensors, {}))
    try:
        write_with(path, lambda partial: save_file(tensors, partial, {"tree": document}))
    except SafetensorError as error:  # also for a full disk, where safetensors raises no OSError
        raise OSError(0, str(error), str(path)) from error


def read_tree(path: Path) -> Tree:
    """Return the tree that `write_tree` wrote.

    Raises:
        DataError: the file is damaged, or another program wrote it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            document = json.loads((file.metadata() or {})["tree"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _nested(document, tensors)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise DataError(
            f"{path} is not a checkpoint ({error}). Remove it to start from the beginning."
        ) from error


def _flat(node: Tree, tensors: dict[str, Tensor], names: dict[tuple[Any, ...], str]) -> Any:
    """Return JSON, and move the tensors to `tensors` by name; shared memory is stored once."""
    if isinstance(node, Tensor):
        memory = (node.data_ptr(), node.shape, node.stride(), node.dtype, node.device)
        name = names.get(memory) if node.numel() else None
        if name is None:
            is_first = memory[:1] not in names
            names[memory[:1]] = ""
            name = names[memory] = str(len(tensors))
            tensors[name] = _own(node.detach(), is_first)
        return {_TENSOR: name}
    if isinstance(node, Mapping):
        return {_PAIRS: [[key, _flat(value, tensors, names)] for key, value in node.items()]}
    if isinstance(node, list | tuple):
        return [_flat(value, tensors, names) for value in node]
    if node is None or isinstance(node, bool | int | float | str):
        return node
    raise TypeError(
        f"A checkpoint can hold tensors, numbers, text, None, lists and dicts, not {type(node)}."
    )


def _own(tensor: Tensor, is_first: bool) -> Tensor:
    """Return a tensor on the CPU that shares no memory with others.

    Copies of the weights and of the optimiser's state would take as much memory as they do. So only
    a tensor that may overlap with another is copied: safetensors refuses those.

    Args:
        tensor: a tensor of the tree.
        is_first: whether it is the first one at its address.
    """
    is_whole = tensor.untyped_storage().nbytes() == tensor.nbytes and tensor.is_contiguous()
    if is_first and is_whole:
        return tensor.cpu()
    return tensor.cpu().clone(memory_format=torch.contiguous_format)


def _nested(node: Any, tensors: Mapping[str, Tensor]) -> Tree:
    if isinstance(node, list):
        return [_nested(value, tensors) for value in node]
    if not isinstance(node, dict):
        return node
    if _TENSOR in node:
        return tensors[node[_TENSOR]]
    return {key: _nested(value, tensors) for key, value in node[_PAIRS]}
