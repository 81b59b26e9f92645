"""The multilayer perceptron of Hinton et al. (2015), as a Hugging Face model.

    inputs [N, *shape] ──flatten──> (linear ──ReLU──dropout)* ──linear──> logits [N, classes]

`transformers` has no plain perceptron. The directory of this one has the layout of its models.
"""

from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForImageClassification,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput


class MlpConfig(PreTrainedConfig):
    """Sizes of a perceptron: inputs per example, hidden widths, and dropout after each of them."""

    model_type = "stillroom_mlp"

    def __init__(
        self,
        input_size: int = 784,
        hidden: tuple[int, ...] | list[int] = (64,),
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Store the sizes; `kwargs` are those of every Hugging Face config."""
        super().__init__(**kwargs)
        self.input_size = input_size
        self.hidden = list(hidden)
        self.dropout = dropout


class Mlp(PreTrainedModel):
    """A perceptron with ReLU units."""

    config_class = MlpConfig
    main_input_name = "inputs"

    def __init__(self, config: MlpConfig) -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__(config)
        widths = [config.input_size, *config.hidden]
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [nn.Linear(narrow, wide), nn.ReLU(), nn.Dropout(config.dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], len(config.id2label or {})))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        # PyTorch has already initialised the layers. The default would draw their weights again.
        return

    def forward(
        self, inputs: Tensor, output_hidden_states: bool = False
    ) -> SequenceClassifierOutput:
        """Return logits [N, classes] for inputs [N, *shape], and the state of each hidden layer."""
        hidden, state = [], inputs.flatten(1)
        for layer in list(self.layers)[:-1]:
            state = layer(state)
            if isinstance(layer, nn.Dropout):  # it ends a hidden layer
                hidden.append(state)
        return SequenceClassifierOutput(
            logits=self.layers[-1](state),
            hidden_states=tuple(hidden) if output_hidden_states else None,
        )


AutoConfig.register(MlpConfig.model_type, MlpConfig)
AutoModelForImageClassification.register(MlpConfig, Mlp)
