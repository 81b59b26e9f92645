"""What can go wrong that a user can mend: what was given, what is allowed, what to do.

The command line prints a `StillroomError` as one line, without a traceback; anything else is a
defect of Stillroom and keeps its traceback.
"""

import errno
from difflib import get_close_matches

# The filesystem's refusals that a user can mend; any other OSError is a defect.
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


class StillroomError(Exception):
    """Something that the user can mend; the message says how."""


class ConfigError(StillroomError):
    """A parameter that is unknown, of the wrong type, or not among the choices."""


class DataError(StillroomError):
    """Input data that cannot be used; the message names the file and the row."""


class SoftLabelError(StillroomError):
    """Soft labels that are missing, damaged, stale or not those of the examples at hand."""


class LicenceError(StillroomError):
    """A teacher whose answers may not train another model, or of whom that is not known."""


class ModelError(StillroomError):
    """A model directory or architecture that cannot be used."""


def nearest(given: str, allowed: list[str]) -> str:
    """Return " Did you mean …?" for the allowed name nearest to `given`, or nothing."""
    matches = get_close_matches(given, allowed, n=1, cutoff=0.6)
    return f" Did you mean {matches[0]}?" if matches else ""


def told_error(error: BaseException) -> str | None:
    """Return what to tell the user of an error, or None where it is a defect.

    Kedro wraps what a dataset raises, so the causes that it names are searched too.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, StillroomError):
            return str(seen)
        if isinstance(seen, OSError) and seen.errno in REFUSALS:
            return (
                f"{seen.strerror} at {seen.filename}. What was there before is untouched; "
                "free space or mend the permission, and run the same command again."
            )
        seen = seen.__cause__
    return None
