"""Errors that a user can correct. Each says what was given, what is allowed and what to do.

The command line prints a `StillroomError` as one line, without a traceback; anything else is a
defect of Stillroom and keeps its traceback.
"""

import errno
from difflib import get_close_matches

# Errors of the filesystem that a user can correct; any other OSError is a defect.
REFUSALS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EMFILE,
    errno.ENOLCK,
    errno.EOPNOTSUPP,
}
# Errors of a path that no file can have, for example with a name of 5,000 characters.
BAD_PATHS = {errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL}
LONGEST = 100  # characters of such a path that a message repeats


class StillroomError(Exception):
    """An error that the user can correct; the message says how."""


class ConfigError(StillroomError):
    """A parameter that is unknown, of the wrong type, or not among the choices."""


class DataError(StillroomError):
    """Input data that cannot be used; the message names the file and the row."""


class SoftLabelError(StillroomError):
    """Soft labels that are missing, damaged, stale, or that belong to other examples."""


class LicenceError(StillroomError):
    """A teacher whose licence forbids training another model on its answers, or is unknown."""


class ModelError(StillroomError):
    """A model directory or architecture that cannot be used."""


class HubError(StillroomError):
    """The Hub, or a model on it, that cannot be reached, read or fetched."""


class SanityError(StillroomError):
    """Data, teachers or students that cannot be right; the message has a line for each alarm."""


class MissingPackageError(StillroomError, ImportError):
    """A package that only an extra installs, in a program that has installed the base alone."""


def nearest(given: str, allowed: list[str]) -> str:
    """Return " Did you mean …?" for the allowed name nearest to `given`, or nothing."""
    matches = get_close_matches(given, allowed, n=1, cutoff=0.6)
    return f" Did you mean {matches[0]}?" if matches else ""


def user_message(error: BaseException) -> str | None:
    """Return the message that the user sees for an error, or None if it is a defect.

    Kedro wraps what a dataset raises, so the causes that it names are searched too.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StillroomError):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno in REFUSALS:
            return (
                f"{cause.strerror} at {cause.filename}. The old file is unchanged. "
                "Free some space or correct the permissions, then run the same command again."
            )
        if isinstance(cause, OSError) and cause.errno in BAD_PATHS and cause.filename is not None:
            path = str(cause.filename)
            shown = path if len(path) <= LONGEST else f"{path[:LONGEST]}…"
            return (
                f"{cause.strerror} at {shown}. Correct the path, then run the same command again."
            )
        cause = cause.__cause__
    return None
