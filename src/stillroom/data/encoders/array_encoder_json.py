"""Array encoders as JSON: a parsed document in, the checked fields of an `ArrayEncoder` out.

The file may come from somebody else's cache or repository, so everything in it is checked: the
types, whether the shapes fit each other, and whether each scale is above zero.
"""

import math
from collections.abc import Sequence
from typing import Any

from stillroom.errors import DataError

_FIELDS = ("kind", "classes", "shape", "raw_shape", "mean", "scale")
_WORDS = {"words": "mixed"}  # a text encoder that splits by words alone does not name it
_DIMENSIONS = {"image": 3, "features": 1, "text": 1}
_MOST_NUMBERS = 2**28


def checked_fields(document: object) -> dict[str, Any]:
    """Return the fields with lists as tuples.

    Raises:
        DataError: a field is missing, unknown, of another type, or does not fit the others.
    """
    if not isinstance(document, dict) or set(document) - set(_WORDS) != set(_FIELDS):
        raise _refused(f"its fields must be {', '.join(_FIELDS)}")
    if any(document.get(name, value) != value for name, value in _WORDS.items()):
        raise _refused("words, if named, must be mixed")
    kind = document["kind"]
    if not isinstance(kind, str) or kind not in _DIMENSIONS:
        raise _refused(f"kind is {str(kind)[:40]!r}, not one of {', '.join(_DIMENSIONS)}")
    fields: dict[str, Any] = {
        "kind": kind,
        "shape": _sizes(document["shape"], "shape"),
        "raw_shape": _sizes(document["raw_shape"], "raw_shape"),
        "mean": _numbers(document["mean"], "mean"),
        "scale": _numbers(document["scale"], "scale"),
    }
    _check_fit(**fields)
    named = {name: document[name] for name in _WORDS if name in document}
    if named and kind != "text":
        raise _refused(f"words does not fit the kind {kind}")
    return {**fields, **named, "classes": checked_classes(document["classes"])}


def checked_classes(value: object) -> tuple[str, ...]:
    """Return the names of the classes.

    Raises:
        DataError: they are not two or more different names.
    """
    items = _list(value, "classes")
    if not all(isinstance(item, str) for item in items):
        raise _refused("classes must be text")
    if len(set(items)) != len(items) or len(items) < 2:
        raise _refused("classes must be two or more different names")
    return tuple(items)


def _check_fit(
    kind: str,
    shape: tuple[int, ...],
    raw_shape: tuple[int, ...],
    mean: tuple[float, ...],
    scale: tuple[float, ...],
) -> None:
    if len(shape) != _DIMENSIONS[kind] or math.prod(shape) > _MOST_NUMBERS:
        raise _refused(f"the shape {shape[:5]} does not fit the kind {kind}")
    if raw_shape != ((shape[1], shape[2], shape[0]) if kind == "image" else ()):
        raise _refused(f"raw_shape {raw_shape[:5]} does not fit the shape {shape}")
    statistics = 0 if kind == "text" else shape[0]
    if len(mean) != statistics or len(scale) != statistics:
        raise _refused(f"mean and scale must hold {statistics} numbers each")
    if any(number <= 0 for number in scale):
        raise _refused("each scale must be above zero")


def _sizes(value: object, name: str) -> tuple[int, ...]:
    items = _list(value, name)
    if not all(type(item) is int and item > 0 for item in items):
        raise _refused(f"{name} must be whole numbers above zero")
    return tuple(items)


def _numbers(value: object, name: str) -> tuple[float, ...]:
    items = _list(value, name)
    if not all(type(item) in (int, float) and abs(item) < math.inf for item in items):
        raise _refused(f"{name} must be finite numbers")
    try:
        return tuple(float(item) for item in items)
    except OverflowError:
        raise _refused(f"{name} must be finite numbers") from None


def _list(value: object, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise _refused(f"{name} must be a list")
    return value


def _refused(reason: str) -> DataError:
    return DataError(f"The encoder cannot be used: {reason}. Run the ingest stage again.")
