"""The methods of a polars expression that a condition in the config may call.

An expression can call only these methods. None of them reads a file, runs code, or makes a row
larger than it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import polars as pl

Literal = bool | int | float | str
Argument = Literal | list[Literal]


@dataclass(frozen=True, slots=True)
class Kind:
    """Which values an argument may have, and the words for them in an error."""

    words: str
    accepts: Callable[[Argument], bool]


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an expression, and the kinds of its arguments by name, in their order.

    Attributes:
        path: the name after the dot, with its namespace.
    """

    path: str
    needed: tuple[tuple[str, Kind], ...] = ()
    optional: tuple[tuple[str, Kind], ...] = ()

    @property
    def signature(self) -> str:
        """Name and arguments, as an error shows them."""
        words = [f"{name}: {kind.words}" for name, kind in self.needed]
        words += [f"[{name}: {kind.words}]" for name, kind in self.optional]
        return f"{self.path}({', '.join(words)})"

    def arguments(
        self, given: Sequence[Argument], named: Sequence[tuple[str | None, Argument]]
    ) -> dict[str, Argument] | None:
        """Return the arguments by name; None if they do not fit the signature."""
        kinds = dict(self.needed + self.optional)
        if len(given) > len(kinds):
            return None
        pairs = [*zip(kinds, given, strict=False), *named]
        values = {name: value for name, value in pairs if name in kinds}
        if len(values) < len(pairs) or not {name for name, _ in self.needed} <= set(values):
            return None
        return values if all(kinds[name].accepts(values[name]) for name in values) else None

    def call(self, receiver: pl.Expr, arguments: Mapping[str, Argument]) -> pl.Expr:
        """Return the result of the method on `receiver`."""
        result: pl.Expr = attrgetter(self.path)(receiver)(**arguments)
        return result


def _is_number(value: Argument) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(value: Argument) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_list(value: Argument) -> bool:
    return isinstance(value, list) and len({type(one) for one in value}) <= 1


_CLOSED = ("both", "left", "right", "none")
_NUMBER = Kind("a number", _is_number)
_SHARE = Kind("0 to 1", _is_share)
_TEXT = Kind("text", lambda value: isinstance(value, str))
_FLAG = Kind("True or False", lambda value: isinstance(value, bool))
_VALUE = Kind("a value", lambda value: not isinstance(value, list))
_LIST = Kind("a list of values of one type", _is_list)
_SIDES = Kind(" or ".join(_CLOSED), lambda value: value in _CLOSED)

_PATTERN, _IS_LITERAL = ("pattern", _TEXT), ("literal", _FLAG)
# Only numbers: Polars would take text for the name of a column.
_BOUNDS = (("lower_bound", _NUMBER), ("upper_bound", _NUMBER))
_BARE = (
    *("is_null", "is_not_null", "is_nan", "is_not_nan", "is_unique", "is_duplicated"),
    *("abs", "floor", "ceil", "min", "max", "mean", "median", "std"),
    *("str.len_chars", "str.len_bytes", "str.to_lowercase", "str.to_uppercase"),
    *("list.len", "list.min", "list.max", "list.mean", "list.sum"),
)
_LISTED = (
    Method("is_between", _BOUNDS, (("closed", _SIDES),)),
    Method("is_in", (("other", _LIST),)),
    Method("fill_null", (("value", _VALUE),)),
    Method("quantile", (("quantile", _SHARE),)),
    Method("str.contains", (_PATTERN,), (_IS_LITERAL,)),
    Method("str.count_matches", (_PATTERN,), (_IS_LITERAL,)),
    Method("str.starts_with", (("prefix", _TEXT),)),
    Method("str.ends_with", (("suffix", _TEXT),)),
    *(Method(path) for path in _BARE),
)
METHODS = {method.path: method for method in _LISTED}
NAMESPACES = ("str", "list")
