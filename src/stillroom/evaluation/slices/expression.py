"""Expression: a line of the config in, a condition on the examples out.

    "pl.col('n_tokens') < 8" ──ast.parse──> tree ──read node by node──> Condition

The line looks like Python, but it is data and is never executed. Nodes, operators and methods that
are not listed here or in polars_methods.py are refused, and no name is looked up. Nothing is
computed: a column may be combined with a literal, but not a literal with another literal.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from stillroom.errors import ConfigError, nearest
from stillroom.evaluation.slices.condition import EXAMPLE, Condition, one_line
from stillroom.evaluation.slices.polars_methods import METHODS, NAMESPACES, Argument, Literal

# Nobody reads a longer or more deeply nested condition.
LONGEST, DEEPEST = 1000, 40
# Integers of a column have 64 bits.
LARGEST_INTEGER = 2**63 - 1

OPERATORS: dict[type[ast.AST], Callable[[Any, Any], pl.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ALLOWED_OPERATORS = "+ - * / // % & | ^ ~ == != < <= > >="

Value = pl.Expr | Argument


def parsed(text: str, name: str) -> Condition:
    """Return the condition that a line states.

    Args:
        text: a polars expression of `pl.col(…)` and literals, with the operators of
            `ALLOWED_OPERATORS` and the methods of `METHODS`.
        name: the name of the parameter that holds the line, for errors.

    Raises:
        ConfigError: the line is not such an expression; the message names the wrong part.
    """
    reader = _Reader(text.strip(), name)
    if len(reader.text) > LONGEST:
        raise reader.error(f"is {len(reader.text):,} characters long. Write at most {LONGEST:,}.")
    expression = reader.value(_tree(reader), 0)
    if not isinstance(expression, pl.Expr):
        raise reader.error(
            f"reads no column: {one_line(text)}. Write a condition, such as {EXAMPLE}."
        )
    return Condition(text, name, tuple(sorted(set(expression.meta.root_names()))), expression)


def _tree(reader: "_Reader") -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # '\d' in a pattern is as good as r'\d'
            return ast.parse(reader.text, mode="eval").body
    except SyntaxError as error:
        why = one_line(error.msg)
    except (ValueError, MemoryError, RecursionError):  # a NUL, half a letter, nested too deep
        why = "it cannot be parsed"
    raise reader.error(
        f"is not an expression ({why}): {one_line(reader.text)}. Write one, such as {EXAMPLE}."
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the tree of one line and refuses every node that it does not know."""

    text: str
    name: str

    def value(self, node: ast.expr, depth: int) -> Value:
        """Return the expression or the literal of a node."""
        if depth > DEEPEST:
            raise self.error(f"is nested more than {DEEPEST} deep. Write several slices.")
        match node:
            case ast.Constant():
                return self._literal(node, node.value)
            case ast.List() | ast.Tuple():
                return [self._element(one, depth + 1) for one in node.elts]
            case ast.UnaryOp():
                return self._unary(node, depth + 1)
            case ast.BinOp():
                return self._combined(node, type(node.op), node.left, node.right, depth + 1)
            case ast.Compare(ops=[comparison], comparators=[right]):
                return self._combined(node, type(comparison), node.left, right, depth + 1)
            case ast.Compare():
                raise self._refused(
                    node,
                    "Compare two values at a time, in brackets, and join the comparisons with &",
                )
            case ast.BoolOp():
                raise self._refused(node, "Write & and | between conditions in brackets")
            case ast.Call(func=ast.Attribute() as called):
                return self._called(node, called, depth + 1)
        raise self._refused(node, "Allowed are pl.col('name'), its methods, operators and literals")

    def _literal(self, node: ast.expr, value: object) -> Literal:
        match value:
            case bool():
                return value
            case int() if value <= LARGEST_INTEGER:
                return value
            case float() if math.isfinite(value):
                return value
            case str() if not any("\ud800" <= letter <= "\udfff" for letter in value):
                return value
        raise self._refused(
            node, "Literals are text, True, False and finite numbers; instead of None use is_null()"
        )

    def _element(self, node: ast.expr, depth: int) -> Literal:
        value = self.value(node, depth)
        if isinstance(value, list | pl.Expr):
            raise self._refused(node, "A list may hold text, numbers, True and False")
        return value

    def _unary(self, node: ast.UnaryOp, depth: int) -> Value:
        match node.op, self.value(node.operand, depth):
            case ast.Invert(), pl.Expr() as expression:
                return ~expression
            case ast.USub(), pl.Expr() as expression:
                return -expression
            case ast.USub(), int() | float() as number if not isinstance(number, bool):
                return -number
        raise self._refused(node, "Write ~ before a condition, and - before a column or a number")

    def _combined(
        self, node: ast.expr, kind: type[ast.AST], left: ast.expr, right: ast.expr, depth: int
    ) -> pl.Expr:
        if kind not in OPERATORS:
            raise self._refused(
                node, f"Operators are {ALLOWED_OPERATORS}; instead of `in` use is_in()"
            )
        one, other = self.value(left, depth), self.value(right, depth)
        if not isinstance(one, pl.Expr) and not isinstance(other, pl.Expr):
            raise self._refused(node, "Two literals cannot be combined: write their result")
        if isinstance(one, list) or isinstance(other, list):
            raise self._refused(node, "A list is allowed only in is_in()")
        return OPERATORS[kind](_operand(one), _operand(other))

    def _called(self, node: ast.Call, called: ast.Attribute, depth: int) -> pl.Expr:
        path, receiver = called.attr, called.value
        if isinstance(receiver, ast.Name) and receiver.id == "pl":
            return self._column(node, path)
        if isinstance(receiver, ast.Attribute) and receiver.attr in NAMESPACES:
            path, receiver = f"{receiver.attr}.{path}", receiver.value
        if path not in METHODS:
            raise self.error(
                f"calls {one_line(path)}(), which is not allowed.{nearest(path, list(METHODS))} "
                f"Allowed are {', '.join(METHODS)}."
            )
        inside = self.value(receiver, depth)
        if not isinstance(inside, pl.Expr):
            raise self._refused(node, "Call methods on a column")
        arguments = METHODS[path].arguments(
            [self._argument(one, depth) for one in node.args],
            [(one.arg, self._argument(one.value, depth)) for one in node.keywords],
        )
        if arguments is None:
            raise self._refused(node, f"The method is {METHODS[path].signature}")
        return METHODS[path].call(inside, arguments)

    def _argument(self, node: ast.expr, depth: int) -> Argument:
        value = self.value(node, depth)
        if isinstance(value, pl.Expr):
            raise self._refused(node, "Arguments of methods are literals")
        return value

    def _column(self, node: ast.Call, function: str) -> pl.Expr:
        match function, node.args, node.keywords:
            case "col", [ast.Constant(value=str() as name) as given], []:
                self._literal(given, name)
                # Polars takes these for patterns, which stand for several columns.
                if name == "*" or name.startswith("^"):
                    raise self._refused(node, "Name one column")
                return pl.col(name)
        raise self._refused(node, "The only function of pl is pl.col('name')")

    def _refused(self, node: ast.expr, allowed: str) -> ConfigError:
        given = ast.get_source_segment(self.text, node) or type(node).__name__
        return self.error(f"holds {one_line(given)}, which is not allowed. {allowed}.")

    def error(self, why: str) -> ConfigError:
        """Return the error that refuses the line."""
        return ConfigError(f"{one_line(self.name)} {why}")


def _operand(value: Value) -> pl.Expr:
    return value if isinstance(value, pl.Expr) else pl.lit(value)
