"""Document fields: every value of a JSON document with the key that it is under, at any depth."""

from collections.abc import Iterator, Mapping
from typing import Any


def document_fields(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of each object in a document; an item of a list has the key of the list.

    It keeps a list instead of calling itself, since a document may be nested very deeply.
    """
    waiting = [("", document)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, Mapping):
            inner = [(str(name), one) for name, one in value.items()]
        elif isinstance(value, list):
            inner = [(key, one) for one in value]
        else:
            continue
        yield from inner
        waiting += inner
