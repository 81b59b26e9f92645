"""Checks of `data.chat.template_arguments`: plain values under names that a template may read."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from stillroom.errors import ConfigError

KEY = "data.chat.template_arguments"
# What a template is given anyway, what `apply_chat_template` takes for itself, and what Jinja and
# transformers define in each template.
OURS = frozenset(
    (
        *("messages", "tools", "documents", "add_generation_prompt", "continue_final_message"),
        *("chat_template", "conversation", "conversations", "return_assistant_tokens_mask"),
        *("tokenize", "tokenizer_kwargs", "padding", "truncation", "max_length", "return_tensors"),
        *("return_dict", "additional_special_tokens", "bos_token", "eos_token", "unk_token"),
        *("sep_token", "pad_token", "cls_token", "mask_token", "raise_exception", "strftime_now"),
        *("range", "dict", "namespace", "cycler", "joiner", "lipsum", "loop", "self"),
    )
)


def check_template_arguments(arguments: Mapping[str, Any]) -> None:
    """Check the arguments of the chat template.

    Raises:
        ConfigError: a name is no name, or has a meaning of its own; or a value is not plain.
    """
    for name, value in arguments.items():
        if not (name.isascii() and name.isidentifier()):
            raise ConfigError(
                f"{KEY} has the name {name!r}, but a template reads names of letters, digits and "
                "underscores. Correct it."
            )
        if name in OURS:
            raise ConfigError(
                f"{KEY}.{name} would replace what a template is given or defines under this name. "
                "Remove it."
            )
        is_plain = isinstance(value, bool | int | float | str)
        if not is_plain or (isinstance(value, float) and not isfinite(value)):
            raise ConfigError(
                f"{KEY}.{name} is {value!r:.40}; it must be a text, a number, true or false. Set "
                "it to one."
            )
