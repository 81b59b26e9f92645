"""Sentence encoders with a head: any encoder of `transformers`, its states pooled, one layer.

    input_ids [N, L], mask ──encoder──> states [N, L, D] ──pool──> [N, D] ──linear──> logits [N, C]

Source: Reimers and Gurevych, "Sentence-BERT", arXiv 1908.10084, section 3: pooling.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from stillroom.errors import ModelError
from stillroom.models.forward.forward_kwargs import arguments

if TYPE_CHECKING:
    from transformers.modeling_outputs import BaseModelOutput

POOLINGS = ("mean", "cls")


class SentenceConfig(PreTrainedConfig):
    """Of a sentence encoder with a head.

    Attributes:
        text_config: of the encoder; where `get_text_config` of every model looks for it.
        pooling: the mean over a text's tokens, or the state of its first one (cls).
        normalise: whether what is pooled is brought to length 1.
    """

    model_type = "stillroom_sentence"
    sub_configs = {"text_config": AutoConfig}  # noqa: RUF012  (its base class has it so)

    def __init__(
        self,
        text_config: PreTrainedConfig | dict[str, Any] | None = None,
        pooling: str = "mean",
        normalise: bool = True,
        **kwargs: Any,
    ) -> None:
        """Hold the parts; `kwargs` are those of every Hugging Face config.

        Raises:
            ModelError: the encoder's type or the pooling is not known.
        """
        if pooling not in POOLINGS:
            raise ModelError(
                f"pooling is {pooling!r}; known are {', '.join(POOLINGS)}. Name another encoder."
            )
        self.text_config = _text_config(text_config or {"model_type": "bert"})
        self.pooling = pooling
        self.normalise = normalise
        super().__init__(**kwargs)


class SentenceForSequenceClassification(PreTrainedModel):
    """An encoder, pooling, and a linear layer on top."""

    config_class = SentenceConfig
    base_model_prefix = "encoder"
    _supports_sdpa = True

    def __init__(self, config: SentenceConfig) -> None:
        """Build the encoder, without a pooler of its own, and the head."""
        super().__init__(config)
        self.encoder = without_pooler(AutoModel.from_config(config.text_config))
        classes = len(config.id2label or {})
        self.classifier = nn.Linear(config.text_config.hidden_size, classes)
        self.post_init()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, output_hidden_states: bool = False
    ) -> SequenceClassifierOutput:
        """Return logits [N, classes] for token ids [N, L], of which the mask leaves out padding."""
        said = self._encoded(input_ids, attention_mask, output_hidden_states)
        return SequenceClassifierOutput(
            logits=self.classifier(self._pooled(said, attention_mask)),
            hidden_states=said.hidden_states,
        )

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return what the head sees, [N, D]."""
        return self._pooled(self._encoded(input_ids, attention_mask, False), attention_mask)

    def _encoded(self, input_ids: Tensor, mask: Tensor, hidden: bool) -> "BaseModelOutput":
        return self.encoder(
            input_ids=input_ids, attention_mask=mask, output_hidden_states=hidden, return_dict=True
        )

    def _pooled(self, said: "BaseModelOutput", mask: Tensor) -> Tensor:
        states: Any = said.last_hidden_state
        if self.config.pooling == "cls":
            pooled = states[:, 0]
        else:
            weights = mask.to(states.dtype)[:, :, None]
            pooled = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return nn.functional.normalize(pooled, dim=1) if self.config.normalise else pooled


def sentence_model(
    encoder: PreTrainedModel, classes: Sequence[str], pooling: str, normalise: bool
) -> SentenceForSequenceClassification:
    """Return an encoder's weights under a head that says nothing yet.

    Args:
        encoder: any; its weights are taken, not copied.
        classes: their names, in order.
        pooling, normalise: as of `SentenceConfig`.
    """
    import torch

    config = SentenceConfig(
        text_config=encoder.config,
        pooling=pooling,
        normalise=normalise,
        id2label=dict(enumerate(classes)),
        label2id={name: index for index, name in enumerate(classes)},
    )
    model = SentenceForSequenceClassification(config)
    model.encoder = without_pooler(encoder)
    with torch.no_grad():
        for weights in model.classifier.parameters():
            weights.zero_()
    return model.eval()


def embedded(model: SentenceForSequenceClassification, texts: Tensor) -> Tensor:
    """Return what the head of a model sees of texts [N, 3, length], [N, D]."""
    given: dict[str, Any] = arguments(model, texts)
    return model.embed(**given)


def without_pooler(encoder: Any) -> Any:
    """Return an encoder without a head of its own, which would be weights that nothing reads."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def _text_config(given: PreTrainedConfig | dict[str, Any]) -> PreTrainedConfig:
    if isinstance(given, PreTrainedConfig):
        return given
    model_type = str(given.get("model_type"))
    if model_type not in CONFIG_MAPPING or model_type == SentenceConfig.model_type:
        raise ModelError(f"the encoder's model_type is {model_type!r}, which is not known.")
    return CONFIG_MAPPING[model_type](**given)


AutoConfig.register(SentenceConfig.model_type, SentenceConfig)
AutoModelForSequenceClassification.register(SentenceConfig, SentenceForSequenceClassification)
