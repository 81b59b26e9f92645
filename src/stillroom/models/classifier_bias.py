"""The last layer of a classifier, whatever the architecture calls it."""

from typing import TYPE_CHECKING

from stillroom.errors import ModelError

if TYPE_CHECKING:
    from torch.nn import Parameter
    from transformers import PreTrainedModel


def output_bias(model: "PreTrainedModel") -> "Parameter":
    """Return the bias [classes] of the last linear layer that gives logits.

    Raises:
        ModelError: there is none.
    """
    from torch.nn import Linear

    classes = model.config.num_labels
    for layer in reversed(list(model.modules())):
        if isinstance(layer, Linear) and layer.out_features == classes and layer.bias is not None:
            return layer.bias
    raise ModelError(
        f"{type(model).__name__} has no last linear layer with a bias for {classes} classes. "
        "Set student.transfer.balance=[]."
    )
