"""All doors, and all attempts of each."""

from support.hostile import (
    artifacts,
    configuration,
    images,
    models,
    parameters,
    tables,
    texts,
    tokenizers,
)
from support.hostile.attempt import Attempt

DOORS = (tables, texts, images, models, tokenizers, parameters, configuration, artifacts)


def every_attempt() -> list[Attempt]:
    """Return the attempts of all doors, in order."""
    return [attempt for door in DOORS for attempt in door.attempts()]
