"""What every command has: errors told in one line, and `--params`."""

import errno
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from kedro.framework.cli.utils import _split_params

from stillroom.errors import StillroomError

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


def one_line_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what the user can mend into one line and exit code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            told = told_error(error)
            if told is None:
                raise
            raise click.ClickException(told) from None

    return wrapped


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


params_option = click.option(
    "--params",
    default="",
    callback=_split_params,
    help="Values, as in groups.student=tiny,student.epochs=3.",
)
