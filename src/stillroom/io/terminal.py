"""The terminal: every text that is printed passes here, and is printable when it arrives.

say(text), Terminal().print(table), log records, tracebacks ──io.printable──> the terminal

Colours and cursor movements of our own progress bars and tables pass; those inside of texts do not.
"""

import logging
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.logging import RichHandler
from rich.segment import Segment

from stillroom.errors import user_message
from stillroom.io.printable import printable_lines, printable_message

MARKUP_OF = "kedro."  # the only log messages whose [tags] are colours and not text


class Terminal(Console):
    """rich's console, of which every text is printable and no text is markup."""

    def __init__(self, *, stderr: bool = False, file: Any = None, width: int | None = None) -> None:
        """Print on standard output, standard error or a file."""
        super().__init__(
            stderr=stderr, file=file, width=width, markup=False, emoji=False, highlight=False
        )

    def render(self, renderable: RenderableType, options: Any = None) -> Iterable[Segment]:
        """Render anything that rich can print, its parts included."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable_lines(segment.text), segment.style)


class PlainFormatter(logging.Formatter):
    """Formats a record as another formatter does, and makes the result printable."""

    def __init__(self, formatter: logging.Formatter) -> None:
        """Take the formatter."""
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text with its traceback."""
        return printable_lines(self._formatter.format(record))


def say(text: str) -> None:
    """Print a text of one or more lines on standard output."""
    print(printable_lines(text), flush=True)  # a signal would lose what is in the buffer


def guard_terminal() -> None:
    """Make the handlers of the root logger, and the traceback of a defect, printable."""
    for handler in logging.getLogger().handlers:
        guard_handler(handler)
    sys.excepthook = print_error


def guard_handler(handler: logging.Handler) -> None:
    """Make what a handler writes printable."""
    if isinstance(handler, RichHandler):
        if not isinstance(handler.console, Terminal):
            handler.console = Terminal()
            handler.addFilter(_without_markup)
    elif not isinstance(handler.formatter, PlainFormatter):
        handler.setFormatter(PlainFormatter(handler.formatter or logging.Formatter()))


def print_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print an error that ends the process: one line if the user can correct it."""
    from rich.traceback import Traceback

    message = user_message(error)
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    elif message is not None:
        print(f"Error: {printable_message(message)}", file=sys.stderr)
    else:
        Terminal(stderr=True).print(Traceback.from_exception(kind, error, trace))


def _without_markup(record: logging.LogRecord) -> bool:
    record.markup = record.name.startswith(MARKUP_OF)
    return True
