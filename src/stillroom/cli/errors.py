"""Errors in one line, and the option `--params`, for every command."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from kedro.framework.cli.utils import _split_params

from stillroom.errors import user_message


def one_line_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print an error that the user can correct as one line, and exit with code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            message = user_message(error)
            if message is None:
                raise
            raise click.ClickException(message) from None

    return wrapped


params_option = click.option(
    "--params",
    default="",
    callback=_split_params,
    help="Parameters for this command, separated by commas. Example: "
    "groups.student=tiny,student.epochs=3. `kedro params` lists them all.",
)
