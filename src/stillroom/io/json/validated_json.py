"""Checked documents: plain values in, a frozen dataclass out, or one line that says where not."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from stillroom.errors import DataError

T = TypeVar("T")


def checked(kind: type[T], document: object, name: str, stage: str) -> T:
    """Return the dataclass of `kind` that a JSON document stands for.

    Args:
        kind: a pydantic dataclass.
        document: plain values, as read from JSON.
        name: of the document, for the error.
        stage: which writes it.

    Raises:
        DataError: a value is missing, unknown or malformed.
    """
    try:
        # By way of JSON, since strict Python input would have to be tuples where lists stand.
        found: T = TypeAdapter[Any](kind).validate_json(json.dumps(document, allow_nan=False))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise DataError(
            f"{name}: {where} is malformed: {first['msg']}. Run `kedro run --pipeline={stage}` to "
            "write it anew."
        ) from error
    except ValueError as error:  # of NaN and infinity
        raise DataError(
            f"{name} holds a number that is not finite. Run `kedro run --pipeline={stage}` to "
            "write it anew."
        ) from error
    return found
