"""Params text: the value of `--params` in, nested values out, and back.

    "groups.data=table,data.columns.features=[a,b]" ──parse_params──> nested values

A value that begins with a bracket or a quote ends at its partner and is read by Hydra's grammar of
overrides: lists, dictionaries, quoted texts. Any other value ends at the next comma and is read as
YAML, as Kedro reads it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stillroom.errors import ConfigError

BRACKETS = {"[": "]", "{": "}"}
QUOTES = ("'", '"')
EXAMPLE = "student.epochs=3,data.columns.features=[a,b],data.path='a,b.csv'"


def parse_params(text: str) -> dict[str, Any]:
    """Return the values of `--params`, nested.

    Raises:
        ConfigError: an item is no key=value, or a value cannot be read.
    """
    from omegaconf import OmegaConf

    config = OmegaConf.create()
    for key, value in _items(text):
        try:
            if value[:1] in BRACKETS or value[:1] in QUOTES:
                OmegaConf.update(config, key, _by_hydra(value))
            else:
                config.merge_with_dotlist([f"{key}={value}"])
        except ConfigError:
            raise
        except Exception as error:  # of Hydra, OmegaConf or PyYAML, which have no common base
            raise _unreadable(key, value, error) from error
    values = OmegaConf.to_container(config)
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


def params_text(values: Mapping[str, Any]) -> str:
    """Return the text from which `parse_params` reads the same values.

    Args:
        values: values by their dotted key.
    """
    return ",".join(f"{key}={_text(value)}" for key, value in values.items())


def _items(text: str) -> Iterator[tuple[str, str]]:
    """Yield each key with the text of its value."""
    rest = text
    while rest.strip():
        key, separator, after = rest.partition("=")
        if "," in key or not separator:
            key, _, rest = rest.partition(",")
            if key.strip():
                raise ConfigError(
                    f"--params has {key.strip()!r}, which is no key=value. Separate items with "
                    f"commas, for example {EXAMPLE}."
                )
            continue
        if not key.strip():
            raise ConfigError(f"--params has ={after[:20]!r} without a key. Example: {EXAMPLE}.")
        value, rest = _cut(key.strip(), after)
        yield key.strip(), value


def _cut(key: str, text: str) -> tuple[str, str]:
    """Return the first value of a text, and what follows its comma."""
    start = text.lstrip()
    if start[:1] not in BRACKETS and start[:1] not in QUOTES:
        value, _, rest = text.partition(",")
        return value.rstrip(), rest
    end = _partner(key, start)
    tail, _, rest = start[end:].partition(",")
    if tail.strip():
        raise ConfigError(
            f"--params: {key} has {tail.strip()!r} after its closing {start[end - 1]}. Put the "
            "whole value in quotes."
        )
    return start[:end], rest


def _partner(key: str, text: str) -> int:
    """Return the position after the partner of the bracket or quote at the start of a text."""
    expected: list[str] = []
    quote = ""
    is_escaped = False
    for at, letter in enumerate(text):
        if quote:
            is_closing = letter == quote and not is_escaped
            is_escaped = letter == "\\" and not is_escaped
            quote = "" if is_closing else quote
        elif letter in QUOTES:
            quote = letter
        elif letter in BRACKETS:
            expected.append(BRACKETS[letter])
        elif expected and letter == expected[-1]:
            expected.pop()
        if not quote and not expected:
            return at + 1
    raise ConfigError(
        f"--params: {key} begins with {text[0]} and lacks the closing {quote or expected[-1]}. Add "
        "it, or put the whole value in quotes."
    )


def _by_hydra(text: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = OverridesParser.create().parse_override(f"key={text}")
    if override.is_sweep_override():
        raise ValueError("it is a sweep over several values")
    return override.value()


def _unreadable(key: str, value: str, error: Exception) -> ConfigError:
    why = (str(error).splitlines() or [type(error).__name__])[0]
    return ConfigError(
        f"--params: the value {value!r} of {key} cannot be read ({why}). Put texts with special "
        f"characters in quotes, for example {EXAMPLE}."
    )


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if _is_plain(value) else _quoted(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_item_text, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_item_text(key)}:{_item_text(one)}" for key, one in value.items())
        return f"{{{','.join(pairs)}}}"
    is_short = isinstance(value, float) and float(f"{value:g}") == value
    return f"{value:g}" if is_short else repr(value)


def _item_text(value: object) -> str:
    """Return a value inside a list or dictionary, where every text has quotes."""
    return _quoted(value) if isinstance(value, str) else _text(value)


def _quoted(text: str) -> str:
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(text, Quote.single).with_quotes()


def _is_plain(text: str) -> bool:
    """Tell whether a text without quotes is read as itself."""
    try:
        return parse_params(f"key={text}") == {"key": text}
    except ConfigError:
        return False
