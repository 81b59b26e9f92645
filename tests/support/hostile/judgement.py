"""Judgement: an attempt and what its command did in; what is wrong with it out."""

from collections.abc import Iterator

from support.hostile.attempt import Attempt
from support.hostile.guarded_command import BYTES, SECONDS, Observation

SHOWN = 300  # characters of the output


def faults_of(attempt: Attempt, observation: Observation) -> list[str]:
    """Return what is wrong, or nothing."""
    return list(_faults(attempt, observation))


def _faults(attempt: Attempt, seen: Observation) -> Iterator[str]:
    yield from seen.effects
    if seen.code not in (0, 1, 2):
        yield f"exit code {seen.code}: {seen.output[-SHOWN:]!a}"
    if seen.code == 0 and attempt.must_be == "refused":
        yield f"accepted: {seen.output[-SHOWN:]!a}"
    if "Traceback" in seen.output or "panicked" in seen.output:
        yield f"a traceback: {seen.output[-SHOWN:]!a}"
    errors = [line for line in seen.output.splitlines() if line.startswith("Error: ")]
    if seen.code in (1, 2) and len(errors) != 1:
        yield f"{len(errors)} lines of error: {seen.output[-SHOWN:]!a}"
    if any(len(line) > 2000 for line in errors):
        yield f"an error of {max(map(len, errors)):,} characters"
    if seen.seconds > SECONDS:
        yield f"{seen.seconds:.0f} s"
    if seen.peak > BYTES:
        yield f"{seen.peak / 2**20:,.0f} MB"
