"""Pretrained initialisation: any model directory in, a student that starts with its weights out.

    base model ──its weights──────────────────────────────> student
    head       ──fits the classes or the tokens?──> as it is
                 else, for a classifier           ──> a new head, drawn from the seed

A classifier may start from a model of any head, or of none: a masked language model, an encoder, a
classifier of other classes. A language model starts from one of the same task, whose output layer
already has a row for each token.
"""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.model_files import CONFIG
from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.errors import ModelError
from stillroom.models.architectures.transformer import require_length
from stillroom.models.pretrained.auto_classes import (
    CAUSAL_LM,
    IMAGE_CLASSIFIER,
    MASKED_LM,
    TEXT_CLASSIFIER,
    auto_class,
)
from stillroom.models.pretrained.config_file import read_config, require_no_code
from stillroom.models.pretrained.load_pretrained import (
    empty_model,
    fill,
    model_without_memory,
    require_all_weights,
)
from stillroom.models.pretrained.own_files import require_own_files
from stillroom.models.pretrained.safetensors_files import require_intact
from stillroom.models.pretrained.size_checks import weight_size

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

_LOG = logging.getLogger(__name__)
POOLER = ".pooler."  # of an encoder; a masked language model is saved without it


def student_of_pretrained(path: Path, encoder: Encoder, seed: int) -> "PreTrainedModel":
    """Return a student that starts with the weights of a model, in training mode, on the CPU.

    Args:
        path: a model directory in Hugging Face's layout.
        encoder: the encoder of the student's inputs.
        seed: the seed of a new head.

    Raises:
        ModelError: the folder holds no model, a file is a link or damaged, the weights do not fit
            the config, or the model does not take these inputs.
        DataError: its tokenizer cannot be read.
    """
    import torch

    require_own_files(path)
    require_no_code(path)
    require_intact(path)
    _require_same_tokens(path, encoder)
    automatic = _auto_class_of(encoder, path)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(encoder, SequenceEncoder):
            model = _language_model(automatic, path, encoder)
        else:
            model = _classifier(automatic, path, encoder)
    _try_inputs(model, encoder, path)
    return model.train()


def _auto_class_of(encoder: Encoder, path: Path) -> str:
    """Return the name of the auto class of a student with these inputs."""
    if isinstance(encoder, SequenceEncoder):
        return MASKED_LM if encoder.is_masked else CAUSAL_LM
    if isinstance(encoder, TokenEncoder):
        return TEXT_CLASSIFIER
    if encoder.kind == "image":
        return IMAGE_CLASSIFIER
    raise ModelError(
        f"{path} is a pretrained model, but the inputs are {encoder.kind}, which none takes. For "
        "texts, set data.text.encoding=tokens."
    )


def _require_same_tokens(path: Path, encoder: Encoder) -> None:
    if not isinstance(encoder, SequenceEncoder | TokenEncoder):
        return
    own, given = read_model_tokenizer(path), encoder.tokenizer
    if own.sha256 != given.sha256:
        raise ModelError(
            f"{path} has the tokenizer {own.sha256[:12]} of {own.size:,} tokens, but the examples "
            f"are encoded with {given.sha256[:12]} of {given.size:,}. A pretrained model knows "
            f"only its own tokens. Set data.text.tokenizer={path}, or choose another model."
        )


def _language_model(automatic: str, path: Path, encoder: SequenceEncoder) -> "PreTrainedModel":
    own = auto_class(path)
    if own != automatic:
        raise ModelError(
            f"{path / CONFIG} names a model for {own}, but data.corpus.task is {encoder.task}, "
            f"which needs one for {automatic}. Choose another model, or change data.corpus.task."
        )
    empty = empty_model(automatic, path)
    require_length(empty.config.get_text_config(), encoder.length)
    model, info = fill(empty, path, "float32")
    require_all_weights(str(path), model, info)
    embeddings: Any = model.get_input_embeddings()
    rows = len(embeddings.weight)
    if rows < encoder.outputs:
        raise ModelError(
            f"{path} has embeddings of {rows:,} tokens, but its tokenizer has {encoder.outputs:,}. "
            "Resize them (resize_token_embeddings) and save the model again."
        )
    if rows > encoder.outputs:
        _LOG.info(
            "The student starts without %d rows of padding in the vocabulary of %s",
            rows - encoder.outputs,
            path.name,
        )
        model.resize_token_embeddings(encoder.outputs)
    return model


def _classifier(automatic: str, path: Path, encoder: Encoder) -> "PreTrainedModel":
    config = read_config(path)
    fits = _has_classes(config, encoder.classes) and _is(automatic, path)
    _set_classes(config, encoder)
    if isinstance(encoder, TokenEncoder):
        require_length(config.get_text_config(), encoder.length)
    empty = model_without_memory(automatic, config, path, weight_size(path))
    head = _head(empty)
    model, info = fill(empty, path, "float32", without=() if fits else head)
    fresh = [name for name in info["missing_keys"] if name in head or POOLER in name]
    new = {} if fits else {"missing_keys": set(info["missing_keys"]).difference(fresh)}
    require_all_weights(str(path), model, info | new)
    if not fits:
        _LOG.info(
            "The student starts from %s with a new head of %d classes: %s",
            path.name,
            len(encoder.classes),
            ", ".join(sorted(fresh)),
        )
    return model


def _is(automatic: str, path: Path) -> bool:
    """Tell whether a model has the head of an auto class; one without any head has not."""
    try:
        return auto_class(path) == automatic
    except ModelError:
        return False


def _has_classes(config: "PreTrainedConfig", classes: Collection[str]) -> bool:
    own = {int(number): str(name) for number, name in (config.id2label or {}).items()}
    return [own[number] for number in sorted(own)] == list(classes)


def _set_classes(config: "PreTrainedConfig", encoder: Encoder) -> None:
    """Give the config of a classifier the classes, and a padding id if it has none."""
    config.id2label = dict(enumerate(encoder.classes))
    config.label2id = {name: number for number, name in enumerate(encoder.classes)}
    config.problem_type = None
    text = config.get_text_config()
    if isinstance(encoder, TokenEncoder) and getattr(text, "pad_token_id", None) is None:
        tokenizer = encoder.tokenizer
        text.pad_token_id = tokenizer.end if tokenizer.padding is None else tokenizer.padding


def _head(model: "PreTrainedModel") -> frozenset[str]:
    """Return the names of the parameters outside of the base model."""
    base = f"{model.base_model_prefix}."
    return frozenset(name for name in model.state_dict() if not name.startswith(base))


def _try_inputs(model: "PreTrainedModel", encoder: Encoder, path: Path) -> None:
    """Refuse a model of images that does not take images of this size."""
    import torch

    if encoder.kind != "image":
        return
    try:
        with torch.no_grad():
            model.eval()(**{model.main_input_name: torch.zeros(2, *encoder.shape)})
    except Exception as error:  # each architecture has its own way to fail
        channels, height, width = encoder.shape
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path} does not take images of {height}x{width} in {channels} channels ({reason}). "
            "Set data.image.size to the size that it was trained on."
        ) from error
