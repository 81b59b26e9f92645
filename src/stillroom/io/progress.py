"""Progress: the current work, how much is done, the rate, and the time left.

A terminal shows a live bar. A log gets a line every few seconds.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from stillroom.io.printable import printable
from stillroom.io.terminal import Terminal

SECONDS_BETWEEN_LINES = 5.0


@dataclass(slots=True)
class Ticker:
    """Counts and shows the finished units of work. Use `ticking` to create one."""

    label: str
    total: int
    unit: str
    bar: Progress | None
    done: int = 0
    started: float = field(default_factory=lambda: time.monotonic())
    last_line: float = field(default_factory=lambda: time.monotonic())

    def advance(self, amount: int = 1, label: str | None = None) -> None:
        """Record `amount` more units as done; a `label` replaces the text."""
        self.done += amount
        self.label = label or self.label
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.done, description=self.label)
        elif time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            self.last_line = time.monotonic()
            print(printable(self.line()), file=sys.stderr, flush=True)

    def line(self) -> str:
        """Return the state as one line of text."""
        rate = self.done / max(time.monotonic() - self.started, 1e-9)
        left = (self.total - self.done) / max(rate, 1e-9)
        return (
            f"{self.label}: {self.done:,} of {self.total:,} {self.unit}, "
            f"{rate:,.0f} {self.unit}/s, {int(left) // 60}:{int(left) % 60:02d} left"
        )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} {task.fields['unit']}/s")


@contextmanager
def ticking(label: str, total: int, unit: str) -> Iterator[Ticker]:
    """Show progress over `total` units of work on standard error while the block runs."""
    console = Terminal(stderr=True)
    if not console.is_terminal:
        yield Ticker(label, total, unit, bar=None)
        return
    label_column = TextColumn("{task.description}", markup=False)
    columns = (label_column, BarColumn(20), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        bar.add_task(label, total=total, unit=unit)
        yield Ticker(label, total, unit, bar)
