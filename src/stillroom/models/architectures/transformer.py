"""Transformers of any architecture that `transformers` has, sized by the options of its config.

    model_type + options, task ──config──> *ForCausalLM | *ForMaskedLM | *ForSequenceClassification

The vocabulary, its special tokens and the number of classes come from the data, not from options.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError, nearest
from stillroom.models.shape import Shape, Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

# What the data decides.
TAKEN = (
    "vocab_size",
    "pad_token_id",
    "eos_token_id",
    "bos_token_id",
    "mask_token_id",
    "num_labels",
    "id2label",
)
POSITIONS = "max_position_embeddings"


def build_transformer(shape: Shape, options: Mapping[str, Any]) -> "PreTrainedModel":
    """Build a transformer. Options: `model_type`, and what the config of that type knows.

    Raises:
        ModelError: the inputs are no tokens, or an option is unknown or does not fit.
    """
    import transformers

    vocabulary = shape.vocabulary
    if vocabulary is None:
        raise ModelError(
            f"transformer takes tokens, and these inputs have the shape {shape.inputs}. Choose "
            "mlp or resnet, or a corpus of text."
        )
    config = _config(shape, vocabulary, options)
    automatic = {
        "next_token": transformers.AutoModelForCausalLM,
        "masked_token": transformers.AutoModelForMaskedLM,
        "classification": transformers.AutoModelForSequenceClassification,
    }[vocabulary.task]
    try:
        model: PreTrainedModel = automatic.from_config(config)
    except Exception as error:  # each architecture checks its sizes in its own way
        raise _unbuildable(options, error) from error
    return model


def _config(shape: Shape, vocabulary: Vocabulary, options: Mapping[str, Any]) -> "PreTrainedConfig":
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    model_type = str(options.get("model_type"))
    if model_type not in CONFIG_MAPPING:
        known = list(CONFIG_MAPPING.keys())
        raise ModelError(
            f"transformer: model_type is {model_type!r}, which transformers does not know."
            f"{nearest(model_type, known)} As in llama, gpt2, bert, distilbert."
        )
    kind = CONFIG_MAPPING[model_type]
    given = {name: value for name, value in options.items() if name != "model_type"}
    _require_known(kind, model_type, given)
    own = kind.attribute_map.get(POSITIONS, POSITIONS)  # GPT-2 calls it n_positions
    if hasattr(kind(), POSITIONS) and not {own, POSITIONS} & set(given):
        given[own] = vocabulary.length + _first_position(vocabulary)
    if hasattr(kind(), "mask_token_id"):  # EuroBERT keeps one, and checks it
        given["mask_token_id"] = vocabulary.mask
    try:
        config: PreTrainedConfig = kind(**given, **_of_data(shape, vocabulary))
    except Exception as error:  # a config checks its values with errors of its own
        raise _unbuildable(options, error) from error
    require_length(config, vocabulary.length)
    return config


def _of_data(shape: Shape, vocabulary: Vocabulary) -> dict[str, Any]:
    # To a decoder one that ends a text too is of no use, and transformers would warn of each.
    is_own = vocabulary.padding != vocabulary.end or vocabulary.task != "next_token"
    found: dict[str, Any] = {
        "vocab_size": vocabulary.size,
        "pad_token_id": _padding(vocabulary) if is_own else None,
        "eos_token_id": vocabulary.end,
        "bos_token_id": None,
    }
    if shape.classes:
        found["id2label"] = dict(enumerate(shape.classes))
        found["label2id"] = {name: index for index, name in enumerate(shape.classes)}
    return found


def _padding(vocabulary: Vocabulary) -> int | None:
    """Return the id that fills a row up; a classifier finds the end of a text by it.

    Raises:
        ModelError: a classifier's tokenizer has neither that nor an end of text.
    """
    own = vocabulary.padding if vocabulary.padding is not None else vocabulary.end
    if own is None and vocabulary.task == "classification":
        raise ModelError(
            "the tokenizer has no token that fills a text up. Name one as pad_token in its "
            "tokenizer_config.json."
        )
    return own if vocabulary.task == "classification" else vocabulary.padding


def _first_position(vocabulary: Vocabulary) -> int:
    """Return how many positions an encoder may leave out: RoBERTa begins after the padding's id."""
    return 0 if vocabulary.task == "next_token" else (vocabulary.padding or 0) + 1


def require_length(config: "PreTrainedConfig", length: int) -> None:
    """Refuse sequences that are longer than a model takes.

    Raises:
        ModelError: with both lengths.
    """
    most = getattr(config, POSITIONS, None)
    if isinstance(most, int) and most < length:
        raise ModelError(
            f"{config.model_type} takes {most} tokens, and the sequences have {length}. Set "
            f"data.text.length to {most} at most."
        )


def _require_known(kind: Any, model_type: str, given: Mapping[str, Any]) -> None:
    known = set(kind().to_dict()) | set(kind.attribute_map)
    for option in given:
        if option in TAKEN:
            raise ModelError(f"transformer: {option} comes from the data. Leave it out.")
        if option not in known:
            raise ModelError(
                f"transformer: {model_type} has no option {option}."
                f"{nearest(option, sorted(known))} See its config in transformers."
            )


def _unbuildable(options: Mapping[str, Any], error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:300]
    return ModelError(f"transformer cannot be built with {dict(options)}: {reason}")
