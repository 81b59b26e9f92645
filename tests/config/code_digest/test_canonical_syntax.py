"""The canonical form: the same for prose and for every Python, another for every other program."""

import ast
import hashlib
from pathlib import Path

import pytest
from support.digest.tricky_syntax import SNIPPETS

from stillroom.config.code_digest.canonical_syntax import canonical_syntax, syntax_tree

SOURCE = Path(__file__).resolve().parents[3] / "src"
FILES = sorted(SOURCE.rglob("*.py"))[::40]


def form(source: str) -> bytes:
    return canonical_syntax(syntax_tree(source.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize("name", SNIPPETS)
def test_every_version_of_python_gives_the_same_form(name: str) -> None:
    digest, source = SNIPPETS[name]
    assert hashlib.sha256(form(source)).hexdigest()[:16] == digest


PROGRAM = """
class A:
    def f(self, x):
        return x + 1
"""
WITH_PROSE = '''"""A module."""
# a comment

class A:
    """A class
    of several lines."""

    def f(self, x):  # here too
        r"""A function."""

        return (x
                + 1)  # type: ignore
'''


def test_comments_docstrings_and_layout_do_not_count() -> None:
    assert form(WITH_PROSE) == form(PROGRAM)


@pytest.mark.parametrize(
    "body", ["pass", "'Doc.'", "'Doc.'\n  pass", "# why\n  pass", "'a'\n  'b'", "'a' 'b'"]
)
@pytest.mark.parametrize(
    "head", ["def f():", "async def f():", "class A:", "if x:", "else_:int\nif x:"]
)
def test_a_body_of_prose_is_an_empty_body(head: str, body: str) -> None:
    assert form(f"{head}\n  {body}") == form(f"{head}\n  pass")


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("x = 'a'", 'x = "a"'),
        ("x = u'a'", "x = 'a'"),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = f'a' 'b'", "x = 'ab'"),
        ("x = f'{a}' f'b' 'c'", "x = f'{a}bc'"),
        ("x = f'{a:}'", "x = f'{a}'"),
        ("x = 0x10", "x = 16"),
        ("x = (1)", "x = 1"),
        ("x = 1,", "x = (1,)"),
        ("def f(): 'a'; return 1", "def f(): return 1"),
    ],
)
def test_two_ways_to_write_one_program(one: str, same: str) -> None:
    assert form(one) == form(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 0.0", "x = 0j"),
        ("x = 'a'", "x = b'a'"),
        ("x = 'None'", "x = None"),
        ("x = None", "x = ..."),
        ("x = ['a', 'b']", "x = ['ab']"),
        ("x = ['a', 'b']", "x = ['a'], 'b'"),
        ("x = {**a}", "x = {None: a}"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a}'", "x = f'{{a}}'"),
        ("x = f'{a:>}'", "x = f'{a:<}'"),
        ("x = f'{a}b'", "x = f'b{a}'"),
        ("def f(a): pass", "def f(*, a): pass"),
        ("def f(a, b=None): pass", "def f(a=None, b=None): pass"),
        ("def f(*, a, b=None): pass", "def f(*, a=None, b): pass"),
        ("def f(): return", "def f(): yield"),
        ("def f(): pass", "async def f(): pass"),
        ("def f(): 'a'", "def f(): return 'a'"),
        ("def f(): 'a'", "def f(): ..."),
        ("f('a')", "f('b')"),
        ("x.a = 1", "x.b = 1"),
        ("a - b", "b - a"),
        ("a; b", "b; a"),
        ("if a: b\nc", "if a:\n  b\n  c"),
        ("from . import a", "from .. import a"),
        ("import a", "import a as b"),
        ("@a\n@b\ndef f(): pass", "@b\n@a\ndef f(): pass"),
        ("a[1:]", "a[:1]"),
    ],
)
def test_another_program_has_another_form(one: str, other: str) -> None:
    assert form(one) != form(other)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_written_anew_from_its_tree_keeps_its_form(path: Path) -> None:
    source = path.read_text()
    assert form(ast.unparse(ast.parse(source))) == form(source)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_name_and_every_number_of_a_module_counts(path: Path) -> None:
    tree = ast.parse(path.read_text())
    before = canonical_syntax(tree)
    for node in ast.walk(tree):
        name = {ast.Name: "id", ast.arg: "arg", ast.Attribute: "attr"}.get(type(node), "value")
        old = getattr(node, name, None)
        if isinstance(node, ast.Constant) and (old is None or isinstance(old, bytes)):
            continue
        if isinstance(old, str) and not isinstance(node, ast.Constant):
            setattr(node, name, f"{old}_")
        elif isinstance(node, ast.Constant) and isinstance(old, int | float):
            node.value = 2 * old + 1
        else:
            continue
        assert canonical_syntax(tree) != before, ast.dump(node)
        setattr(node, name, old)
    assert canonical_syntax(tree) == before


def test_a_tree_deeper_than_the_limit_of_recursion_has_a_form() -> None:
    chain = ast.parse("x").body[0].value  # type: ignore[attr-defined]
    for _ in range(5000):
        chain = ast.BinOp(chain, ast.Add(), ast.Constant(1))
    assert canonical_syntax(chain).count(b"<BinOp") == 5000


def test_a_file_with_questionable_escapes_is_parsed_without_a_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    syntax_tree(b"x = '\\d'")
    assert not recwarn.list
