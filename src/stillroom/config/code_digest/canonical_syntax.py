"""The canonical form of Python source: its syntax tree without comments, docstrings and positions.

    source ──ast.parse──> tree ──canonical_syntax──> bytes, equal on Python 3.11, 3.12 and 3.13

`ast.dump` cannot be used: it prints fields that only some versions have, and versions cut f-strings
into different pieces. Here a node is the name of its class and those of its fields that hold
something. Statements without an effect are left out: strings, of which docstrings are one kind, and
`pass`. So code that computes with its own docstrings (`__doc__`) is the one case that this misses.
"""

import ast
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby

# `ctx` follows from the position. `kind` is the u of u"…". Types in comments are comments.
_IGNORED = {"ctx", "kind", "type_comment", "type_ignores"}


def syntax_tree(source: bytes) -> ast.Module:
    """Return the syntax tree of a module, without the warnings that parsing it may print.

    Raises:
        SyntaxError, ValueError: it is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def canonical_syntax(tree: ast.AST) -> bytes:
    """Return the canonical form of a syntax tree.

    Every item tells its length, so two trees have one form only if they are equal. The loop has a
    stack of its own, because a long sum is a tree that is deeper than Python's limit of recursion.
    """
    parts: list[str] = []
    stack: list[object] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(f"str {len(item)}:{item}")
        elif isinstance(item, ast.AST):
            fields = _fields(item)
            parts.append(f"<{type(item).__name__} {len(fields)}")
            for name, value in reversed(fields):
                stack += (value, name)
        elif isinstance(item, list):
            parts.append(f"[{len(item)}")
            stack += reversed(item)
        else:
            # An integer in base 16, since Python refuses to print a very long one in base 10.
            text = hex(item) if isinstance(item, int) else repr(item)
            parts.append(f"{type(item).__name__} {len(text)}:{text}")
    return "\n".join(parts).encode("utf-8", "surrogatepass")


def _fields(node: ast.AST) -> list[tuple[str, object]]:
    """Return the fields that hold something, with their names."""
    if isinstance(node, ast.Constant):
        return [("value", node.value)]  # which may be None
    fields: list[tuple[str, object]] = []
    for name in _names(type(node)):  # type: ignore[arg-type]  # mypy: nodes have no hash
        value = getattr(node, name, None)
        if isinstance(value, list):
            value = [_plain(item) for item in value if not _is_without_effect(item)]
            value = list(_merged(value)) if isinstance(node, ast.JoinedStr) else value
        elif isinstance(value, ast.JoinedStr):
            value = _plain(value)
            if name == "format_spec" and isinstance(value, ast.Constant) and not value.value:
                continue  # an empty format, f"{x:}", is none: some versions keep it
        if value is not None and value != []:
            fields.append((name, value))
    return fields


@cache
def _names(kind: type[ast.AST]) -> tuple[str, ...]:
    return tuple(sorted(set(kind._fields) - _IGNORED))


def _is_without_effect(item: object) -> bool:
    if isinstance(item, ast.Expr):
        return isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
    return isinstance(item, ast.Pass)


def _plain(value: object) -> object:
    """Return an f-string that nothing is inserted into as the string that it is."""
    if not isinstance(value, ast.JoinedStr):
        return value
    pieces = list(_merged(value.values))
    if not pieces:
        return ast.Constant("")
    return pieces[0] if isinstance(pieces[0], ast.Constant) and len(pieces) == 1 else value


def _merged(pieces: Iterable[object]) -> Iterator[object]:
    """Yield the pieces of an f-string with neighbouring texts as one; versions cut them up."""
    for is_text, group in groupby(_flat(pieces), lambda piece: isinstance(piece, ast.Constant)):
        if not is_text:
            yield from group
        elif text := "".join(
            str(piece.value) for piece in group if isinstance(piece, ast.Constant)
        ):
            yield ast.Constant(text)


def _flat(pieces: Iterable[object]) -> Iterator[object]:
    """Yield the pieces of an f-string, and those of f-strings that are pieces of it."""
    for piece in pieces:
        if isinstance(piece, ast.JoinedStr):
            yield from _flat(piece.values)
        else:
            yield piece
