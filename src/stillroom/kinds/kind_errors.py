"""Kind errors: an exception in the code of a kind names the kind, on one line.

code of a kind ──named_errors──> StillroomError that says which kind it was
"""

from collections.abc import Iterator
from contextlib import contextmanager

from stillroom.errors import ConfigError, StillroomError

PACKAGE = "stillroom"


@contextmanager
def named_errors(kind: str, module: str, way_out: str) -> Iterator[None]:
    """Add the name of a kind to an error.

    Args:
        kind: what the kind is, with its name, as the start of a sentence.
        module: the module of its code.
        way_out: how to do without the kind.

    Raises:
        StillroomError: the code raised one; the class stays.
        ConfigError: code of another package raised any other exception. An exception of our own
            code keeps its traceback, and gets a note.
    """
    try:
        yield
    except StillroomError as error:
        raise type(error)(f"{kind}: {error}") from error
    except Exception as error:  # code of another package may raise anything
        if module.partition(".")[0] == PACKAGE:
            error.add_note(f"in: {kind}")
            raise
        raise ConfigError(
            f"{kind} failed in {module}: {type(error).__name__}: {' '.join(str(error).split())}. "
            f"Correct it, or {way_out}."
        ) from error
