"""Scan one module: the digest of its syntax, and what it can make the program import.

    source ──scan──> ModuleScan(digest, imports, named, groups)

The source is parsed once, and never runs.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillroom.config.code_digest.canonical_syntax import canonical_syntax, syntax_tree
from stillroom.errors import ConfigError
from stillroom.io.files.hashing import sha256_bytes

REGISTRY = "Registry"  # the class whose first argument is a group of kinds
_NAMED = re.compile(r"(\w+(?:\.\w+)+):\w+")  # "package.module:Name", as the tables have it


@dataclass(frozen=True, slots=True)
class ModuleScan:
    """What a module holds.

    Attributes:
        digest: the SHA-256 of its canonical syntax.
        imports: the modules that it imports at any depth, each as the dotted name to try first and
            the one to try next: `from a import b` may import the module `a.b` or a name of `a`.
        named: the modules that it names in a string "package.module:Name".
        groups: the groups for which it makes a registry.
    """

    digest: str
    imports: frozenset[tuple[str, str]]
    named: frozenset[str]
    groups: frozenset[str]


def scan(path: Path, module: str) -> ModuleScan:
    """Return the scan of a module.

    Args:
        path: its file.
        module: its dotted name, to resolve relative imports.

    Raises:
        ConfigError: the file is not Python.
    """
    try:
        tree = syntax_tree(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{path} is not Python: {error}. Correct it.") from error
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    imports: set[tuple[str, str]] = set()
    named: set[str] = set()
    groups: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                imports |= {(alias.name, alias.name) for alias in node.names}
            case ast.ImportFrom():
                imports |= set(_imported(node, package))
            case ast.Constant(value=str(text)) if match := _NAMED.fullmatch(text):
                named.add(match[1])
            case ast.Call(args=[ast.Constant(value=str(group)), *_]) if _is_registry(node.func):
                groups.add(group)
    digest = sha256_bytes(canonical_syntax(tree))
    return ModuleScan(digest, frozenset(imports), frozenset(named), frozenset(groups))


def _imported(node: ast.ImportFrom, package: str) -> Iterator[tuple[str, str]]:
    base = node.module or ""
    if node.level:
        parts = package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        base = ".".join([*parts, base] if base else parts)
    for alias in node.names:
        yield f"{base}.{alias.name}", base


def _is_registry(function: ast.expr) -> bool:
    """Return whether a call makes a registry, as Registry(…) or Registry[Kind](…)."""
    if isinstance(function, ast.Subscript):
        function = function.value
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    return name == REGISTRY
