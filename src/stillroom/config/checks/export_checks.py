"""Checks of the section `export`: each format exists, and its options are allowed."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from stillroom.config.kind_options import closed_options_of
from stillroom.config.schema import Export
from stillroom.config.value_errors import unknown_key
from stillroom.errors import ConfigError
from stillroom.registry import registry_of


def check_export(export: Mapping[str, Any]) -> None:
    """Check the names of the formats, and the options of each.

    Raises:
        ConfigError: a format is unknown or listed twice, or an option is not allowed or of no
            format.
    """
    formats, registry = export["formats"], registry_of("exports")
    for name in formats:
        registry.require(name, "export.formats")
        if formats.count(name) > 1:
            raise ConfigError(f"export.formats lists {name} twice. Remove one of them.")
    own = [field.name for field in fields(Export)]
    names = [name for name in export if name not in own]
    for name in names:
        if name not in registry:
            keys = [f"export.{one}" for one in (*own, *registry)]
            raise ConfigError(unknown_key(f"export.{name}", keys))
    for name in dict.fromkeys([*formats, *names]):
        options = export.get(name, {})
        if not isinstance(options, Mapping):
            raise ConfigError(
                f"export.{name} is {options!r}; it must be a section with the options of the "
                "format. Set one of its keys."
            )
        closed_options_of(options, registry.load(name), f"export.{name}")
