"""What one module imports, names and makes registries for, found without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stillroom
from stillroom.config.code_digest.closure import SourceTree
from stillroom.config.code_digest.module_scan import ModuleScan, scan
from stillroom.errors import ConfigError

SOURCE = Path(stillroom.__file__).parent
# Modules that call import_module, and why the digest of a stage need not follow it.
FREE_IMPORTS = {
    "io/bounded_worker.py": "the module of a function that the caller has imported",
    "data/chat/help/library_facts.py": "modules of the standard library, a constant",
    "kinds/kind_contract.py": "the base class, a string of the table",
    "objectives/__init__.py": "names for users of the library",
    "softlabels/__init__.py": "names for users of the library",
    "trainers/__init__.py": "names for users of the library",
    "registry.py": "a kind, a string of the table; a table, for the checks of the config",
    "io/datasets/figure_preview.py": "the figures of a preview, a constant with a module's name",
}


def scanned(tmp_path: Path, source: str, name: str = "p.q.m", file: str = "m.py") -> ModuleScan:
    path = tmp_path / file
    path.write_text(source)
    return scan(path, name)


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("import a.b", ("a.b", "a.b")),
        ("import a.b as c", ("a.b", "a.b")),
        ("from a import b", ("a.b", "a")),
        ("from a.b import c as d", ("a.b.c", "a.b")),
        ("from . import b", ("p.q.b", "p.q")),
        ("from .b import c", ("p.q.b.c", "p.q.b")),
        ("from .. import b", ("p.b", "p")),
        ("from ..b import c", ("p.b.c", "p.b")),
    ],
)
@pytest.mark.parametrize(
    "place", ["{}", "def f():\n    {}", "if TYPE_CHECKING:\n    {}", "try:\n    {}\nfinally: x"]
)
def test_an_import_counts_in_any_place(
    tmp_path: Path, place: str, line: str, imported: tuple[str, str]
) -> None:
    assert scanned(tmp_path, place.format(line)).imports == {imported}


def test_in_a_package_a_dot_is_the_package_itself(tmp_path: Path) -> None:
    assert scanned(tmp_path, "from .b import c", "p.q", "__init__.py").imports == {
        ("p.q.b.c", "p.q.b")
    }


def test_a_table_names_modules_in_strings(tmp_path: Path) -> None:
    source = 'KINDS = {"a": "p.kinds.a:A", "b": "p.b:f"}\nTEXT = "see p.c:D, or p.d"\nE = "p:E"'
    assert scanned(tmp_path, source).named == {"p.kinds.a", "p.b"}


@pytest.mark.parametrize(
    "call",
    [
        'Registry("terms", "a term", {})',
        'R = Registry[Term]("terms", "a term", {})',
        'registry.Registry("terms", noun="a term", builtin={})',
        'def f():\n    return registry.Registry[T]("terms", "a term", {})',
    ],
)
def test_a_registry_has_a_group(tmp_path: Path, call: str) -> None:
    assert scanned(tmp_path, call).groups == {"terms"}


def test_other_calls_have_none(tmp_path: Path) -> None:
    source = 'f("terms")\nRegistry.load("terms")\nclass Registry: ...\nx[Registry]("terms")'
    assert scanned(tmp_path, source).groups == frozenset()


def test_a_file_that_is_not_python_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"m\.py is not Python: .*line 2"):
        scanned(tmp_path, "x = 1\ny = (\n")


def unseen(tree: ast.AST) -> Iterator[str]:
    """Yield the forms of which the scan does not see what they make a module depend on."""
    plain = {id(node) for call in ast.walk(tree) for node in _plain_uses(call)}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom() if any(_is_renamed(alias) for alias in node.names):
                yield "another name"
            case ast.Name(id="Registry") | ast.Attribute(attr="Registry") if id(node) not in plain:
                yield "no call"
            case ast.Call() if _is_registry(node.func):
                if not _is_text(next(iter(node.args), None)):
                    yield "a group that is no text in the first place"
                for table in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    if not isinstance(table, ast.Dict | ast.Constant | ast.Call) or (
                        isinstance(table, ast.Dict) and not all(map(_is_text, table.values))
                    ):
                        yield "a table that is not written out"


def _is_renamed(alias: ast.alias) -> bool:
    return alias.name == "Registry" and alias.asname not in (None, "Registry")


def _plain_uses(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a call Registry(…) or of a type Registry[Kind]."""
    if isinstance(node, ast.Call):
        yield node.func
    if isinstance(node, ast.Subscript):
        yield node.value


def _is_registry(function: ast.expr) -> bool:
    function = function.value if isinstance(function, ast.Subscript) else function
    return "Registry" in (getattr(function, "id", None), getattr(function, "attr", None))


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_the_project_has_no_form_that_the_scan_does_not_see() -> None:
    for path in SOURCE.rglob("*.py"):
        assert not list(unseen(ast.parse(path.read_text(encoding="utf-8")))), path


@pytest.mark.parametrize(
    "source",
    [
        "from stillroom.registry import Registry as Table",
        "Table = Registry",
        "partial(Registry, 'terms')",
        "Registry(group='terms', noun='a term', builtin={})",
        "Registry(GROUP, 'a term', {})",
        "Registry[Term](f'{a}s', 'a term', {})",
        "Registry('terms', 'a term', TABLE)",
        "Registry('terms', 'a term', {'a': f'{HOME}.a:A'})",
        "Registry('terms', 'a term', {'a': HOME + '.a:A'})",
        "Registry('terms', 'a term', {name: name for name in names})",
        "Registry('terms', 'a term', builtin=dict_of | {})",
    ],
)
def test_forms_that_the_scan_does_not_see_are_found(source: str) -> None:
    assert list(unseen(ast.parse(source)))
    seen = 'R: Registry[T] = Registry[T]("g", "a kind", {"a": "p.a:A"}, Contract("p.b:B"))'
    assert not list(unseen(ast.parse(seen)))


def test_only_a_few_modules_import_by_a_name() -> None:
    importing = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name.rpartition(".")[2] in ("import_module", "__import__"):
                importing.add(path.relative_to(SOURCE).as_posix())
    assert importing == FREE_IMPORTS.keys()


def test_the_project_itself_uses_no_name_that_is_only_for_users_of_the_library() -> None:
    tree = SourceTree()
    for module in tree.files:
        for first, package in tree.scan_of(module).imports:
            if package in ("stillroom.objectives", "stillroom.softlabels"):
                assert first in tree.files, f"{module} imports {first}"
