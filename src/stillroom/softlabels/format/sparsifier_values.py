"""Sparsifier values: the object in a document in, the sparsifier of its kind out.

{"kind": "topk", "k": 8, …} ──registry──> TopK ──its types──> TopK(k=8, …)
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, to_json

from stillroom.errors import ConfigError, SoftLabelError
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.sparsify.sparsifier_registry import REGISTRY

KIND = "kind"
# The key of an error's context with the place below the sparsifier.
BELOW = "below"
LONGEST = 60  # characters of an unknown name that an error repeats


def sparsifier_of(value: object) -> Sparsifier:
    """Return the sparsifier that a document describes; a validator of pydantic.

    Raises:
        PydanticCustomError: the kind is unknown, or a value is malformed.
        SoftLabelError: the package with the kind cannot be imported.
    """
    if isinstance(value, Sparsifier):
        return value
    name = value.get(KIND) if isinstance(value, Mapping) else None
    if not isinstance(name, str):
        raise _mistake("", f"it must be an object with the name of a sparsifier as its `{KIND}`")
    if name not in REGISTRY:
        raise _mistake(
            "",
            f"its kind is {name[:LONGEST]}, which is not a sparsifier here. Known are "
            f"{', '.join(REGISTRY)}. If a package adds this kind, install it",
        )
    try:
        kind = REGISTRY.load(name)
    except ConfigError as error:
        raise SoftLabelError(str(error)) from error
    try:
        # By way of JSON: in strict mode a Python list would not be accepted for a tuple.
        return TypeAdapter[Any](kind).validate_json(to_json(value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _mistake(".".join(map(str, (name, *first["loc"]))), first["msg"]) from error
    except ValueError as error:  # from to_json: nested too deeply, or a number too long
        raise _mistake(name, "it cannot be written as JSON") from error


def _mistake(below: str, words: str) -> PydanticCustomError:
    return PydanticCustomError("sparsifier", "{words}", {"words": words, BELOW: below})
