"""Hostile attempts: one input that means harm, the command that meets it, and what may come of it.

door, name, prepare(project) ──> files and the words of a command
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["refused", "any"]
Prepare = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One hostile input.

    Attributes:
        door: the door through which it comes; a file of tests/support/hostile.
        name: what it is, in a few words.
        prepare: writes the input into a project, and returns the parameters of the command.
        command: the words of the command without its parameters.
        must_be: "refused", if nothing useful can be made of it; "any", if reading it is right as
            long as it has no effect.
        environment: variables of the command's environment.
        known: why it still has an effect, if it does; the reason stands in the report of the tests.
        base: "empty", a project without data, or "distilled", one after a whole small run.
    """

    door: str
    name: str
    prepare: Prepare
    command: tuple[str, ...] = ("kedro", "run", "--pipelines=ingest")
    must_be: Outcome = "refused"
    environment: Mapping[str, str] = field(default_factory=dict)
    known: str = ""
    base: Literal["empty", "distilled"] = "empty"

    @property
    def key(self) -> str:
        """The name of the attempt in a test's report."""
        return f"{self.door}: {self.name}"
