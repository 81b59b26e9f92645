"""Checks of training: the precision and the batches by tokens, against what they need.

trainer, {teacher,student}.batch_tokens ──strategy, inputs, data.text.length──> ConfigError
"""

from collections.abc import Mapping
from typing import Any

from stillroom.config.schema.run_schema import HALF_WEIGHTS
from stillroom.errors import ConfigError

OF_TOKENS = ("tokens", "running_text")


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Check that the strategy can train weights of this precision.

    Raises:
        ConfigError: the weights are bf16, and each device holds a part of them.
    """
    precision = trainer["precision"]
    if trainer["strategy"] == "fsdp" and precision in HALF_WEIGHTS:
        raise ConfigError(
            f"trainer.precision is {precision}, but trainer.strategy is fsdp, which trains float32 "
            "weights alone. Set trainer.precision=bf16, or trainer.strategy=ddp."
        )


def check_batch_tokens(parameters: Mapping[str, Any], inputs: str) -> None:
    """Check that batches by tokens have tokens, and room for a row.

    Args:
        parameters: all sections.
        inputs: what the inputs of a model are: images, numbers, tokens or running_text.

    Raises:
        ConfigError: the inputs are not tokens, or the longest row does not fit.
    """
    length = parameters["data"]["text"]["length"]
    for section in ("teacher", "student"):
        budget, key = parameters[section]["batch_tokens"], f"{section}.batch_tokens"
        if budget is None:
            continue
        if inputs not in OF_TOKENS:
            raise ConfigError(
                f"{key} is {budget}, but the inputs are {inputs}. Set it to null, and "
                f"{section}.batch_size to the number of rows."
            )
        if budget < length:
            raise ConfigError(
                f"{key} is {budget}, but a row has up to {length} tokens (data.text.length). Set "
                f"it to {length} or more, or lower data.text.length."
            )
