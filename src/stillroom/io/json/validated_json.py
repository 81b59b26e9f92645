"""Validate JSON documents: turn plain values into a frozen dataclass, or raise an error."""

import json
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from stillroom.errors import DataError

T = TypeVar("T")

# How pydantic checks the dataclasses of documents: a key that the class does not have is an error.
CLOSED = ConfigDict(extra="forbid")
STRICT = ConfigDict(extra="forbid", strict=True)  # and no value is converted: "3" is not 3
STRICT_FINITE = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def checked(kind: type[T], document: object, name: str, stage: str) -> T:
    """Return a JSON document as a dataclass of type `kind`.

    Args:
        kind: a pydantic dataclass.
        document: plain values, as read from JSON.
        name: the document's name, for the error.
        stage: the stage that writes the document.

    Raises:
        DataError: a value is missing, unknown or malformed.
    """
    try:
        # Through JSON: in strict mode a Python list would not be accepted for a tuple.
        value: T = TypeAdapter[Any](kind).validate_json(json.dumps(document, allow_nan=False))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise DataError(
            f"{name}: {where} is malformed: {first['msg']}. Run `kedro run --pipeline={stage}` to "
            "write it again."
        ) from error
    except ValueError as error:  # from json.dumps: NaN or infinity
        raise DataError(
            f"{name} contains NaN or infinity. Run `kedro run --pipeline={stage}` to "
            "write it again."
        ) from error
    return value
