"""Kind options: a section of the parameters in, the typed options of the kind that it names out.

    section + options class of the kind ──options_of──> options
    keys of the section that neither its own type nor the kind has ──require_declared──> ConfigError

A kind declares its options as a pydantic dataclass. Their keys stand flat in the section: those
that the section has for every kind, and those that only this kind has.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from stillroom.config.value_errors import first_error, unknown_key
from stillroom.errors import ConfigError

T = TypeVar("T")
KIND = "kind"  # the name of a kind stands in its document, and is no option


def options_of(section: object, options: type[T], name: str) -> T:
    """Return a kind's options, with the values that a section gives them.

    Args:
        section: the section as its type, or as plain values.
        options: a pydantic dataclass; keys without a default must be in the section.
        name: the name of the section, for errors.

    Raises:
        ConfigError: a value is missing, of the wrong type, or not allowed.
    """
    given = section if isinstance(section, Mapping) else vars(section)
    values = {key: given[key] for key in option_names(options) if key in given}
    try:
        # Strict, by way of JSON, as the sections themselves: a list is then accepted for a tuple.
        return TypeAdapter(options).validate_json(to_json(values), strict=True)
    except ValidationError as error:
        raise ConfigError(first_error(name, options, error)) from error


def closed_options_of(values: Mapping[str, Any], options: type[T], name: str) -> T:
    """Return a kind's options from a section that holds nothing else.

    Args:
        values: the options as plain values.
        options: a pydantic dataclass.
        name: the name of the section, for errors.

    Raises:
        ConfigError: an option is unknown, missing, of the wrong type, or not allowed.
    """
    names = option_names(options)
    for key in values:
        if key not in names:
            raise ConfigError(unknown_key(f"{name}.{key}", [f"{name}.{one}" for one in names]))
    return options_of(values, options, name)


def option_names(options: type) -> list[str]:
    """Return the keys that a kind's options class declares."""
    return [field.name for field in fields(options) if field.name != KIND]


def extras_of(section: object) -> dict[str, Any]:
    """Return the keys and values of a section that its own type does not have."""
    own = {field.name for field in fields(section)}  # type: ignore[arg-type]
    return {key: value for key, value in vars(section).items() if key not in own}


def require_declared(keys: Collection[str], section: type, options: type, name: str) -> None:
    """Refuse a key that neither the type of a section nor the chosen kind has.

    Args:
        keys: the keys that are given.
        section: the dataclass of the section.
        options: the options class of the kind that the section names.
        name: the name of the section.

    Raises:
        ConfigError: names the key, and the nearest one that exists.
    """
    declared = [field.name for field in fields(section)] + option_names(options)
    for key in keys:
        if key not in declared:
            raise ConfigError(unknown_key(f"{name}.{key}", [f"{name}.{one}" for one in declared]))
