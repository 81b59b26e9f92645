"""All doors, and all attempts of each."""

from support.hostile.attempt import Attempt
from support.hostile.doors import (
    artifacts,
    configuration,
    images,
    models,
    other_teachers,
    parameters,
    tables,
    texts,
    tokenizers,
)

DOORS = (
    tables,
    texts,
    images,
    models,
    other_teachers,
    tokenizers,
    parameters,
    configuration,
    artifacts,
)


def every_attempt() -> list[Attempt]:
    """Return the attempts of all doors, in order."""
    return [attempt for door in DOORS for attempt in door.attempts()]
