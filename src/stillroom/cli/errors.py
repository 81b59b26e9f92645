"""What every command has: errors told in one line, and `--params`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from kedro.framework.cli.utils import _split_params

from stillroom.errors import told_error


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


params_option = click.option(
    "--params",
    default="",
    callback=_split_params,
    help="Values, as in groups.student=tiny,student.epochs=3.",
)
