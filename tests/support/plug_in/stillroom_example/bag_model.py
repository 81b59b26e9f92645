"""The models of the architecture `bag`, as Hugging Face models."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import CausalLMOutput, SequenceClassifierOutput


class BagConfig(PreTrainedConfig):
    """The sizes of a bag of tokens."""

    model_type = "stillroom_example_bag"

    def __init__(self, vocab_size: int = 100, width: int = 16, **kwargs: Any) -> None:
        """Store the sizes."""
        super().__init__(**({"tie_word_embeddings": False} | kwargs))
        self.vocab_size, self.width = vocab_size, width


class Bag(PreTrainedModel):
    """Embeddings and a hidden layer, with PyTorch's default initialisation."""

    config_class = BagConfig
    main_input_name = "input_ids"

    def __init__(self, config: BagConfig, outputs: int) -> None:
        """Build the layers."""
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocab_size, config.width)
        self.hidden = nn.Linear(config.width, config.width)
        self.last = nn.Linear(config.width, outputs)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        return


class BagForSequenceClassification(Bag):
    """A classifier of texts: the mean over the text."""

    def __init__(self, config: BagConfig) -> None:
        """Build the layers."""
        super().__init__(config, len(config.id2label))

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, output_hidden_states: bool = False
    ) -> SequenceClassifierOutput:
        """Return logits [N, classes] of token ids [N, L]; the mask is 0 at padding."""
        states, weights = self.embedding(input_ids), attention_mask[:, :, None].float()
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1)
        logits = self.last(self.hidden(mean).relu())
        return SequenceClassifierOutput(
            logits=logits, hidden_states=(states,) if output_hidden_states else None
        )


class BagForCausalLM(Bag):
    """A model of the next token: the mean over the tokens so far."""

    def __init__(self, config: BagConfig) -> None:
        """Build the layers."""
        super().__init__(config, config.vocab_size)

    def get_output_embeddings(self) -> nn.Linear:
        """Return the layer that computes the logits."""
        return self.last

    def forward(
        self,
        input_ids: Tensor,
        position_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        output_hidden_states: bool = False,
        use_cache: bool = False,
    ) -> CausalLMOutput:
        """Return logits [N, L, V] of token ids [N, L]; a new text starts at position 0."""
        states = self.embedding(input_ids)
        starts = torch.zeros_like(input_ids) if position_ids is None else position_ids == 0
        text = starts.cumsum(dim=1)
        weights = (text[:, :, None] == text[:, None, :]).float().tril()
        mean = (weights @ states) / weights.sum(dim=2, keepdim=True)
        logits = self.last(self.hidden(mean).relu())
        return CausalLMOutput(
            logits=logits, hidden_states=(states, mean) if output_hidden_states else None
        )


AutoConfig.register(BagConfig.model_type, BagConfig)
AutoModelForSequenceClassification.register(BagConfig, BagForSequenceClassification)
AutoModelForCausalLM.register(BagConfig, BagForCausalLM)
