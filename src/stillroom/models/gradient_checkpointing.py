"""Gradient checkpointing: a model in; it then keeps less for its backward pass.

    layer ──its inputs──> kept;  backward ──forward of the layer again──> its gradients

The layers of `transformers` do it themselves. Dropout draws the same numbers again, so the
gradients are equal bit by bit.

Source: Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost",
arXiv 1604.06174.
"""

from typing import TYPE_CHECKING, Any

from stillroom.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

KEY = "trainer.gradient_checkpointing"


def enable_gradient_checkpointing(model: "PreTrainedModel") -> None:
    """Let each layer of a model keep only its inputs, while the model is in training mode.

    Raises:
        ModelError: the architecture has no layers that can do it.
    """
    name = type(model).__name__
    refusal = (
        f"{KEY} is true, but {name} has no gradient checkpointing. Set it to false, or choose "
        "another architecture."
    )
    if not model.supports_gradient_checkpointing:
        raise ModelError(refusal)
    enable: Any = getattr(model, "activation_checkpointing_enable", None)
    if enable is None:  # before transformers 5.20
        enable = model.gradient_checkpointing_enable
    try:
        enable({"use_reentrant": False})
    except ValueError as error:  # it says that it can, but none of its modules does
        raise ModelError(refusal) from error
