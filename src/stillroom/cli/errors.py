"""Errors in one line, and the option `--params`, for every command."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from stillroom.config.params_text import parse_params
from stillroom.errors import ConfigError, user_message
from stillroom.io.printable import printable_message


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
            raise click.ClickException(printable_message(message)) from None

    return wrapped


def _parsed(context: click.Context, option: click.Parameter, value: Any) -> dict[str, Any]:
    """Return the values of `--params`; `kedro run --config` gives them as a mapping."""
    try:
        return parse_params(value) if isinstance(value, str) else dict(value)
    except ConfigError as error:
        raise click.ClickException(printable_message(str(error))) from None


PARAMS = click.Option(
    ["--params"],
    default="",
    callback=_parsed,
    help="Parameters for this command, separated by commas. Example: "
    "groups.student=tiny,student.epochs=3. Lists and texts with commas: "
    "data.columns.features=[a,b],data.path='a,b.csv'. `kedro params` lists them all.",
)


def params_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option `--params` to a command."""
    given: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*given, PARAMS]  # type: ignore[attr-defined]  # as click.option does
    return command
