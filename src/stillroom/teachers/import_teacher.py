"""Imported teachers: any model in, a checked copy in the project out.

    model of Stillroom ─────────┐
    Hugging Face directory ─────┼─the files of a model, no links, no code─> ensemble/member_0
    GGUF file ──dequantised─────┘        with the encoder of its inputs

Everything is checked before anything is written.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stillroom.config.model_files import CONFIG, instead_of_model
from stillroom.config.schema import Inference
from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder, write_encoder
from stillroom.data.encoders.sequence_encoder import Task
from stillroom.data.encoders.text_encoder import LONGEST
from stillroom.data.text.model_tokenizer import gguf_file, read_model_tokenizer
from stillroom.errors import ModelError
from stillroom.models.architectures.transformer import require_length
from stillroom.models.position_limits import longest_input
from stillroom.models.pretrained.auto_classes import (
    CAUSAL_LM,
    MASKED_LM,
    TEXT_CLASSIFIER,
    auto_class,
)
from stillroom.models.pretrained.config_file import read_config
from stillroom.models.pretrained.gguf_weights import convert_gguf, gguf_config
from stillroom.models.pretrained.image_processor import image_encoder, is_image_processor
from stillroom.models.pretrained.load_pretrained import GENERATION, empty_model
from stillroom.models.pretrained.model_directory import (
    PREPROCESSOR,
    read_given_encoder,
    require_loadable,
)
from stillroom.models.pretrained.own_files import own_file, require_own_files
from stillroom.models.pretrained.safetensors_files import INDEX, WEIGHTS, weight_files
from stillroom.teachers.classes.imported_classes import (
    classes_of,
    output_layer,
    require_one_class_each,
    write_classes,
)
from stillroom.teachers.classes.match_classes import ClassMatch, match_classes
from stillroom.teachers.compatibility import require_compatible

# Only these are copied beside the weights, since DVC pushes the copy to a remote.
BESIDE_WEIGHTS = (CONFIG, GENERATION, "README.md", "LICENSE")
TASKS: dict[str, Task] = {CAUSAL_LM: "next_token", MASKED_LM: "masked_token"}


def import_teacher(
    source: Path,
    target: Path,
    encoder: Encoder,
    inference: Inference,
    class_names: Mapping[str, str] | None = None,
) -> None:
    """Copy a teacher into the project.

    Args:
        source: a model directory, or a GGUF file.
        target: the folder to write, which does not exist yet.
        encoder: the encoder of the examples.
        inference: its precision is that of the weights which a GGUF file is dequantised to.
        class_names: the class of the examples for a name of a classifier's own; None: the same.

    Raises:
        ModelError: `source` is not a model, a file is a link or damaged, the model needs code of
            its own, or its classes, its tokens or its length do not fit the examples.
        DataError: the encoder or the tokenizer of the model is malformed.
    """
    quantised = gguf_file(source)
    if quantised is None:
        _require_model(source)
    own = _teacher_encoder(source, encoder)
    match = _class_match(source, own, encoder, class_names or {})
    if match is not None and not isinstance(own, SequenceEncoder):
        own = replace(own, classes=encoder.classes)
    if match is not None and match.moves:
        output_layer(source, len(match.order))  # it refuses a model that cannot be reordered
    require_compatible(own, encoder, source)
    if isinstance(encoder, SequenceEncoder):
        config = read_config(source) if quantised is None else gguf_config(quantised)
        require_length(config.get_text_config(), encoder.length)
    if quantised is None:
        _copy_model_files(source, target)
        if match is not None:
            write_classes(target, match, classes_of(read_config(source)))
    else:
        convert_gguf(quantised, target, inference.dtype)
    write_encoder(own, target, PREPROCESSOR)


def _require_model(source: Path) -> None:
    if not (source / CONFIG).is_file():
        raise ModelError(f"teacher.path {source} {instead_of_model(source)}")
    require_own_files(source)
    require_loadable(source)
    empty_model(auto_class(source), source)  # each architecture checks its config when it is built


def _class_match(
    source: Path, own: Encoder, encoder: Encoder, class_names: Mapping[str, str]
) -> ClassMatch | None:
    """Return how the outputs of a classifier belong to the classes; None for other models."""
    if isinstance(own, SequenceEncoder) or isinstance(encoder, SequenceEncoder):
        return None
    config = read_config(source)
    require_one_class_each(config, source)
    return match_classes(own.classes, encoder.classes, class_names, str(source))


def _teacher_encoder(source: Path, encoder: Encoder) -> Encoder:
    """Return the encoder beside a model, or one that is made from its tokenizer."""
    if gguf_file(source):
        return _sequence_encoder(source, encoder, "next_token")
    if (source / PREPROCESSOR).is_file():
        is_foreign = is_image_processor(source)
        return image_encoder(source, encoder) if is_foreign else read_given_encoder(source)
    automatic = auto_class(source)
    if automatic == TEXT_CLASSIFIER:
        return _text_encoder(source, encoder)
    if automatic in TASKS:
        return _sequence_encoder(source, encoder, TASKS[automatic])
    return read_given_encoder(source)  # raises an error that names the missing file


def _text_encoder(source: Path, encoder: Encoder) -> TokenEncoder:
    """Return the encoder of a text classifier; its config lists the classes in order."""
    config = read_config(source)
    length = longest_input(config) or LONGEST
    if isinstance(encoder, TokenEncoder):
        length = min(length, encoder.length)
    return TokenEncoder.of(read_model_tokenizer(source), classes_of(config), length)


def _sequence_encoder(source: Path, encoder: Encoder, task: Task) -> SequenceEncoder:
    if not isinstance(encoder, SequenceEncoder):
        raise ModelError(
            f"{source} is a language model, but the examples are {encoder.kind}. Set "
            "groups.experiment=causal_lm, or choose another teacher."
        )
    return replace(encoder, tokenizer=read_model_tokenizer(source), task=task)


def _copy_model_files(source: Path, target: Path) -> None:
    weights = [file.name for file in weight_files(source)]
    names = [*BESIDE_WEIGHTS, *([] if weights == [WEIGHTS] else [INDEX]), *weights]
    files = {name: own_file(source / name, source) for name in names}
    target.mkdir(parents=True)
    for name, file in files.items():
        if file.is_file():
            shutil.copyfile(file, target / name)
