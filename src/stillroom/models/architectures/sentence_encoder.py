"""Sentence encoders with a head: an encoder of `transformers`, pooling, and one linear layer.

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
from stillroom.models.architectures.pooling import POOLINGS, SEPARATOR, pool
from stillroom.models.forward.forward_kwargs import forward_kwargs

if TYPE_CHECKING:
    from transformers.modeling_outputs import BaseModelOutput


class SentenceConfig(PreTrainedConfig):
    """The config of a sentence encoder with a head.

    Attributes:
        text_config: the config of the encoder. `get_text_config` of `transformers` reads this name.
        pooling: names of `POOLINGS`, joined by `+`.
        normalise: whether the pooled vector is scaled to length 1.
        skipped_tokens: how many tokens at the beginning of a text are not pooled; absent if none.
    """

    model_type = "stillroom_sentence"
    sub_configs = {"text_config": AutoConfig}  # noqa: RUF012  (the base class declares it so)

    def __init__(
        self,
        text_config: PreTrainedConfig | dict[str, Any] | None = None,
        pooling: str = "mean",
        normalise: bool = True,
        skipped_tokens: int = 0,
        **kwargs: Any,
    ) -> None:
        """Store the parts; `kwargs` are those of every Hugging Face config.

        Raises:
            ModelError: the type of the encoder or the pooling is unknown.
        """
        unknown = [mode for mode in pooling.split(SEPARATOR) if mode not in POOLINGS]
        if unknown:
            raise ModelError(
                f"The pooling {unknown[0][:60]!r} is unknown. Allowed: {', '.join(POOLINGS)}. "
                "Choose another sentence encoder."
            )
        self.text_config = _text_config(text_config or {"model_type": "bert"})
        self.pooling = pooling
        self.normalise = normalise
        if skipped_tokens:  # an absent key keeps the configs of other models as they were
            self.skipped_tokens = skipped_tokens
        super().__init__(**kwargs)


class SentenceForSequenceClassification(PreTrainedModel):
    """An encoder, pooling, and a linear layer over the pooled vector."""

    config_class = SentenceConfig
    base_model_prefix = "encoder"
    _supports_sdpa = True

    def __init__(self, config: SentenceConfig) -> None:
        """Build the encoder, without a pooler of its own, and the head."""
        super().__init__(config)
        self.encoder = without_pooler(AutoModel.from_config(config.text_config))
        classes = len(config.id2label or {})
        width = config.text_config.hidden_size * len(config.pooling.split(SEPARATOR))
        self.classifier = nn.Linear(width, classes)
        self.post_init()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, output_hidden_states: bool = False
    ) -> SequenceClassifierOutput:
        """Return logits [N, classes] for token ids [N, L]; the mask is 0 at padding."""
        output = self._encoded(input_ids, attention_mask, output_hidden_states)
        return SequenceClassifierOutput(
            logits=self.classifier(self._pooled(output, attention_mask)),
            hidden_states=output.hidden_states,
        )

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the inputs of the head, [N, D]."""
        return self._pooled(self._encoded(input_ids, attention_mask, False), attention_mask)

    def _encoded(self, input_ids: Tensor, mask: Tensor, hidden: bool) -> "BaseModelOutput":
        return self.encoder(
            input_ids=input_ids, attention_mask=mask, output_hidden_states=hidden, return_dict=True
        )

    def _pooled(self, output: "BaseModelOutput", mask: Tensor) -> Tensor:
        states: Any = output.last_hidden_state
        skipped = getattr(self.config, "skipped_tokens", 0)
        pooled = pool(states, mask, self.config.pooling, skipped)
        return nn.functional.normalize(pooled, dim=1) if self.config.normalise else pooled


def sentence_classifier(
    encoder: PreTrainedModel,
    classes: Sequence[str],
    pooling: str,
    normalise: bool,
    skipped_tokens: int = 0,
) -> SentenceForSequenceClassification:
    """Return a classifier with the weights of an encoder and a head of zeros.

    Args:
        encoder: the encoder; its weights are shared with the classifier, not copied.
        classes: the names of the classes, in order.
        pooling, normalise, skipped_tokens: see `SentenceConfig`.
    """
    import torch

    config = SentenceConfig(
        text_config=encoder.config,
        pooling=pooling,
        normalise=normalise,
        skipped_tokens=skipped_tokens,
        id2label=dict(enumerate(classes)),
        label2id={name: index for index, name in enumerate(classes)},
    )
    model = SentenceForSequenceClassification(config)
    model.encoder = without_pooler(encoder)
    with torch.no_grad():
        for weights in model.classifier.parameters():
            weights.zero_()
    return model.eval()


def embeddings(model: SentenceForSequenceClassification, texts: Tensor) -> Tensor:
    """Return the inputs of the head, [N, D], for texts [N, 3, length]."""
    kwargs: dict[str, Any] = forward_kwargs(model, texts)
    return model.embed(**kwargs)


def without_pooler(encoder: Any) -> Any:
    """Remove the pooler of an encoder, because nothing reads its output; return the encoder."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def _text_config(config: PreTrainedConfig | dict[str, Any]) -> PreTrainedConfig:
    if isinstance(config, PreTrainedConfig):
        return config
    model_type = str(config.get("model_type"))
    if model_type not in CONFIG_MAPPING or model_type == SentenceConfig.model_type:
        raise ModelError(
            f"transformers does not know the model_type {model_type!r} of the sentence encoder. "
            "Choose another sentence encoder."
        )
    return CONFIG_MAPPING[model_type](**config)


AutoConfig.register(SentenceConfig.model_type, SentenceConfig)
AutoModelForSequenceClassification.register(SentenceConfig, SentenceForSequenceClassification)
