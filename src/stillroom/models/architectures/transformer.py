"""Transformers: any architecture of `transformers`, with sizes from options.

    model_type + options, task ──config──> *ForCausalLM | *ForMaskedLM | *ForSequenceClassification

The vocabulary, its special tokens and the number of classes come from the data. They are not
options.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from stillroom.errors import ModelError, nearest
from stillroom.models.architectures.architecture_kind import ArchitectureKind
from stillroom.models.position_limits import first_position, longest_input

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

    from stillroom.models.shape import Shape, Vocabulary

# Settings of a config that come from the data.
FROM_DATA = (
    "vocab_size",
    "pad_token_id",
    "eos_token_id",
    "bos_token_id",
    "mask_token_id",
    "num_labels",
    "id2label",
)
POSITIONS = "max_position_embeddings"


@dataclass(frozen=True, slots=True)
class TransformerKind(ArchitectureKind):
    """A transformer.

    Attributes:
        options: `model_type`, and the settings of the config of that type. They are checked when
            the model is built, because only `transformers` knows them, and it imports PyTorch.
    """

    options: Mapping[str, Any]

    takes = ("tokens", "running_text")

    @classmethod
    def of(cls, options: Mapping[str, Any], name: str) -> Self:
        """Return the kind with any options."""
        return cls(dict(options))

    def build(self, shape: "Shape") -> "PreTrainedModel":
        """Build a transformer for the task of the vocabulary.

        Raises:
            ModelError: the inputs are not tokens, or an option is unknown or does not fit.
        """
        import transformers

        vocabulary = shape.vocabulary
        if vocabulary is None:
            raise ModelError(
                f"transformer takes tokens, but these inputs have the shape {shape.inputs}. Choose "
                "mlp or resnet, or set data.text.encoding=tokens for texts."
            )
        config = _config(shape, vocabulary, self.options)
        automatic = {
            "next_token": transformers.AutoModelForCausalLM,
            "masked_token": transformers.AutoModelForMaskedLM,
            "classification": transformers.AutoModelForSequenceClassification,
        }[vocabulary.task]
        try:
            model: PreTrainedModel = automatic.from_config(config)
        except Exception as error:  # each architecture checks its sizes in its own way
            raise _unbuildable(self.options, error) from error
        return model


def _config(
    shape: "Shape", vocabulary: "Vocabulary", options: Mapping[str, Any]
) -> "PreTrainedConfig":
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    model_type = str(options.get("model_type"))
    if model_type not in CONFIG_MAPPING:
        model_types = list(CONFIG_MAPPING.keys())
        raise ModelError(
            f"transformer: model_type is {model_type!r}, which transformers does not know."
            f"{nearest(model_type, model_types)} Examples: llama, gpt2, bert, distilbert."
        )
    kind = CONFIG_MAPPING[model_type]
    settings = {name: value for name, value in options.items() if name != "model_type"}
    _require_known_options(kind, model_type, settings)
    own = kind.attribute_map.get(POSITIONS, POSITIONS)  # GPT-2 calls it n_positions
    if hasattr(kind(), POSITIONS) and not {own, POSITIONS} & set(settings):
        settings[own] = vocabulary.length + _first_position(vocabulary, model_type)
    if hasattr(kind(), "mask_token_id"):  # EuroBERT checks this id
        settings["mask_token_id"] = vocabulary.mask
    try:
        config: PreTrainedConfig = kind(**settings, **_data_settings(shape, vocabulary))
    except Exception as error:  # a config checks its values with errors of its own
        raise _unbuildable(options, error) from error
    require_length(config, vocabulary.length)
    return config


def _data_settings(shape: "Shape", vocabulary: "Vocabulary") -> dict[str, Any]:
    # A decoder does not need a padding id. If it is also the end of a text, transformers warns.
    has_padding = vocabulary.padding != vocabulary.end or vocabulary.task != "next_token"
    settings: dict[str, Any] = {
        "vocab_size": vocabulary.size,
        "pad_token_id": _padding(vocabulary) if has_padding else None,
        "eos_token_id": vocabulary.end,
        "bos_token_id": None,
    }
    if shape.classes:
        settings["id2label"] = dict(enumerate(shape.classes))
        settings["label2id"] = {name: index for index, name in enumerate(shape.classes)}
    return settings


def _padding(vocabulary: "Vocabulary") -> int | None:
    """Return the padding id. A classifier uses it to find the end of a text.

    Raises:
        ModelError: the tokenizer of a classifier has neither a padding token nor an end of text.
    """
    own = vocabulary.padding if vocabulary.padding is not None else vocabulary.end
    if own is None and vocabulary.task == "classification":
        raise ModelError(
            "The tokenizer has no padding token, which a classifier of texts needs. Set pad_token "
            "in its tokenizer_config.json."
        )
    return own if vocabulary.task == "classification" else vocabulary.padding


def _first_position(vocabulary: "Vocabulary", model_type: str) -> int:
    """Return how many positions an encoder may skip, more than it does for some architectures."""
    skipped = 0 if vocabulary.task == "next_token" else (vocabulary.padding or 0) + 1
    return max(skipped, first_position(model_type, vocabulary.padding))


def require_length(config: "PreTrainedConfig", length: int) -> None:
    """Refuse sequences that are longer than the model allows.

    Raises:
        ModelError: the model takes fewer tokens; the message has both lengths.
    """
    most = longest_input(config)
    if most is not None and most < length:
        raise ModelError(
            f"{config.model_type} takes at most {most} tokens, but the sequences have {length}. "
            f"Set data.text.length to {most} or less."
        )


def _require_known_options(kind: Any, model_type: str, settings: Mapping[str, Any]) -> None:
    allowed = set(kind().to_dict()) | set(kind.attribute_map)
    for option in settings:
        if option in FROM_DATA:
            raise ModelError(
                f"transformer: {option} is set from the data. Remove it from the options."
            )
        if option not in allowed:
            raise ModelError(
                f"transformer: {model_type} has no option {option}."
                f"{nearest(option, sorted(allowed))} The config of {model_type} in transformers "
                "lists the options."
            )


def _unbuildable(options: Mapping[str, Any], error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:300]
    return ModelError(f"transformer cannot be built with {dict(options)}: {reason}")
