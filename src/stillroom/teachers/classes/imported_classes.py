"""Imported classes: a copied classifier in, the same with the examples' classes in their order out.

    config.json       ──id2label, label2id──> the names of the examples
    model.safetensors ──rows of the output layer──> the order of the examples

So live teachers, layers for a student and every report see one order, and the fingerprint of the
copy says what was changed.
"""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.model_files import CONFIG
from stillroom.errors import ModelError
from stillroom.io.files.atomic_file import write_text
from stillroom.models.pretrained.config_file import read_document
from stillroom.models.pretrained.model_directory import load_model
from stillroom.models.pretrained.safetensors_files import weight_files
from stillroom.teachers.classes.match_classes import ClassMatch

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

_LOG = logging.getLogger(__name__)
SINGLE_LABEL = "single_label_classification"
SHOWN = 10


def classes_of(config: "PreTrainedConfig") -> tuple[str, ...]:
    """Return the names of a classifier's outputs, in order."""
    id2label = {int(number): str(name) for number, name in (config.id2label or {}).items()}
    return tuple(id2label[number] for number in sorted(id2label))


def require_one_class_each(config: "PreTrainedConfig", source: Path) -> None:
    """Refuse a classifier whose outputs are not the logits of one class for each input.

    Raises:
        ModelError: it gives several labels at once, or a number.
    """
    problem, outputs = getattr(config, "problem_type", None), len(classes_of(config))
    if problem not in (None, SINGLE_LABEL):
        raise ModelError(
            f"{source / CONFIG} sets problem_type to {str(problem)[:40]}, but Stillroom distils "
            "classifiers that give one class for each input: a softmax over other outputs has no "
            "meaning. Choose such a classifier, or train one for each label."
        )
    if outputs < 2:
        raise ModelError(
            f"{source} has {outputs} output, a score or a regression. Choose a classifier with "
            "one output for each class."
        )


def write_classes(folder: Path, match: ClassMatch, own: tuple[str, ...]) -> None:
    """Give the copy of a classifier the classes of the examples, in their order.

    Args:
        folder: the copied model directory.
        match: how its outputs belong to the classes.
        own: the names of its outputs before.

    Raises:
        ModelError: the order differs, and the model has no output layer that can be reordered.
    """
    if match.names != own:
        pairs = [f"{was} is {name}" for was, name in zip(own, match.names, strict=True)]
        more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
        _LOG.info("Classes of the teacher: %s%s", ", ".join(pairs[:SHOWN]), more)
    if match.moves:
        _LOG.info(
            "The teacher's outputs are reordered to the classes of the examples: %s",
            ", ".join(match.names[at] for at in match.order[:SHOWN]),
        )
        _reorder(folder, match)
    if match.moves or match.names != own:
        names = [match.names[at] for at in match.order]
        changed = {
            "id2label": {str(number): name for number, name in enumerate(names)},
            "label2id": {name: number for number, name in enumerate(names)},
        }
        document = json.dumps(read_document(folder) | changed, indent=2, ensure_ascii=False)
        write_text(folder / CONFIG, document + "\n")


def _reorder(folder: Path, match: ClassMatch) -> None:
    """Reorder the rows of the output layer in the weight files."""
    from safetensors.torch import load_file, save_file

    names, changed = output_layer(folder, len(match.order)), 0
    for file in weight_files(folder):
        tensors = load_file(file)
        for name in names & set(tensors):
            tensors[name] = tensors[name][list(match.order)].contiguous()
            changed += 1
        if names & set(tensors):
            file.unlink()  # the tensors are mapped from it until they are written
            save_file(tensors, file, metadata={"format": "pt"})
    if changed != len(names):
        raise _unordered(folder)


def output_layer(folder: Path, classes: int) -> set[str]:
    """Return the names of the tensors of the only linear layer with one output for each class.

    Raises:
        ModelError: there is none, or several.
    """
    from torch.nn import Linear

    layers = [
        (name, module)
        for name, module in load_model(folder).named_modules()
        if isinstance(module, Linear) and module.out_features == classes
    ]
    if len(layers) != 1:
        raise _unordered(folder)
    ((name, layer),) = layers
    return {f"{name}.{part}" for part, _ in layer.named_parameters()}


def _unordered(folder: Path) -> ModelError:
    return ModelError(
        f"The teacher in {folder.name} has the classes of the examples in another order, and its "
        "output layer cannot be told from other layers. Set data.classes to the teacher's order."
    )
