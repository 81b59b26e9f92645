"""An architecture: a bag of tokens, the mean of their embeddings and one hidden layer."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.errors import ModelError
from stillroom.models.architectures.architecture_kind import ArchitectureKind

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.models.shape import Shape


@dataclass(frozen=True, kw_only=True)
class Bag(ArchitectureKind):
    """A bag of tokens; `width` is that of the embeddings and of the hidden layer."""

    width: Annotated[int, Field(ge=1)] = 16

    takes = ("tokens", "running_text")

    @classmethod
    def register(cls) -> None:
        """Register the models, which `transformers` does not have."""
        import stillroom_example.bag_model  # noqa: F401

    def build(self, shape: "Shape") -> "PreTrainedModel":
        """Build a classifier of texts, or a model of the next token.

        Raises:
            ModelError: the task is to predict masked tokens.
        """
        from stillroom_example.bag_model import (
            BagConfig,
            BagForCausalLM,
            BagForSequenceClassification,
        )

        vocabulary = shape.vocabulary
        if vocabulary is None or vocabulary.task == "masked_token":
            raise ModelError("bag cannot predict masked tokens. Set data.corpus.task=next_token.")
        config = BagConfig(
            vocab_size=vocabulary.size,
            width=self.width,
            pad_token_id=vocabulary.padding,
            id2label=dict(enumerate(shape.classes)),
            label2id={name: index for index, name in enumerate(shape.classes)},
        )
        is_text = vocabulary.task == "classification"
        return BagForSequenceClassification(config) if is_text else BagForCausalLM(config)
