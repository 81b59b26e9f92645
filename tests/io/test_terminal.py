"""The terminal: texts from outside arrive printable by every way; our own colours stay."""

import ast
import io
import logging
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table
from rich.text import Text

from stillroom.errors import DataError
from stillroom.io.terminal import Terminal, guard_handler, print_error, say

EVIL = "cat\x1b]52;c;ZXZpbA==\x07\u202e[link=file:///etc]x[/link]"
SHOWN = "cat\ufffd]52;c;ZXZpbA==\ufffd\ufffd[link=file:///etc]x[/link]"
BY_RICH = SHOWN.replace("==\ufffd", "==")  # rich drops the bell itself
SOURCE = Path(__file__).resolve().parents[2] / "src" / "stillroom"


def test_a_table_of_rich_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.add_column(EVIL, no_wrap=True, min_width=80)
    table.add_row(EVIL)
    terminal = Terminal(file=io.StringIO(), width=200)
    terminal.print(table, EVIL, Text(EVIL))
    printed = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert printed.count(BY_RICH) == 4
    assert "\x1b" not in printed


def test_our_own_colours_pass() -> None:
    terminal = Terminal(file=io.StringIO(), width=80)
    terminal._force_terminal, terminal._color_system = (
        True,
        Console(force_terminal=True, color_system="standard")._color_system,
    )
    terminal.print(Text(EVIL, style="red"))
    printed = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert printed.startswith("\x1b[31mcat\ufffd]52")


def test_a_line_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{EVIL}\nnext")
    assert capsys.readouterr().out == f"{SHOWN}\nnext\n"


def logged(handler: logging.Handler, name: str = "stillroom.test") -> None:
    guard_handler(handler)
    record = logging.LogRecord(name, logging.WARNING, "f", 1, "%s", (EVIL,), None)
    handler.handle(record)


def test_a_record_is_printable_by_kedros_handler_and_by_a_plain_one() -> None:
    stream = io.StringIO()
    logged(logging.StreamHandler(stream))
    assert stream.getvalue() == f"{SHOWN}\n"
    rich = RichHandler(markup=True, show_path=False)
    guard_handler(rich)
    rich.console = Terminal(file=io.StringIO(), width=200)
    logged(rich)
    assert BY_RICH in rich.console.file.getvalue()  # type: ignore[attr-defined]


def test_the_traceback_in_a_record_is_printable() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    guard_handler(handler)
    try:
        raise ValueError(EVIL)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "m", (), sys.exc_info())
    handler.handle(record)
    assert SHOWN in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_an_error_that_ends_the_process_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(DataError, DataError(EVIL), None)
    assert capsys.readouterr().err == f"Error: {SHOWN}\n"
    print_error(ValueError, ValueError(EVIL), None)
    printed = capsys.readouterr().err
    assert "ValueError" in printed
    assert "\x1b" not in printed


def test_no_other_module_prints() -> None:
    """Every text reaches the terminal through `say`, `Terminal`, a logger, or `printable`."""
    for path in SOURCE.rglob("*.py"):
        if path == SOURCE / "io/terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("click.echo", "click.secho", "Console", "sys.stderr.write")
                if called == "print":
                    assert ast.unparse(node.args[0]).startswith("printable"), path
