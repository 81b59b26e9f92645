"""Stillroom's commands: `run` with one-line errors, and `params`, `compose`, `dvc` beside it."""

import errno
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import _split_params

from stillroom.errors import ConfigError, StillroomError, nearest

# The filesystem's refusals that a user can mend; any other OSError is a defect.
REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}


@click.group(name="stillroom")
def cli() -> None:
    """Commands of the project."""


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


@one_line_errors
def _run(**options: Any) -> Any:
    # Kedro would rather have `--pipelines`; both work throughout 1.x, and one name is enough here.
    warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")
    _require_registered([*filter(None, [options["pipeline"]]), *options["pipelines"]])
    return kedro_run.callback(**options) if kedro_run.callback else None


def _require_registered(names: list[str]) -> None:
    from stillroom.pipeline_registry import STAGES

    allowed = [*STAGES, "distill", "__default__"]
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"{name} is not a pipeline.{nearest(name, allowed)} "
                f"Allowed: {', '.join(allowed[:-1])}."
            )


run = click.Command(
    "run",
    params=kedro_run.params,
    callback=_run,
    help="Run a stage (ingest tutor teach train evaluate export report) or all of them (distill).",
    epilog="Example: kedro run --pipeline=distill --params groups.student=tiny,student.epochs=3",
)
cli.add_command(run)

params_option = click.option(
    "--params",
    default="",
    callback=_split_params,
    help="Values, as in groups.student=tiny,student.epochs=3.",
)


@cli.command()
@params_option
@one_line_errors
def params(params: dict[str, Any]) -> None:
    """Print the parameters that a run would have."""
    import yaml

    from stillroom.config.compose import compose as compose_parameters
    from stillroom.io.paths import project_root

    click.echo(
        yaml.safe_dump(compose_parameters(project_root(), params), sort_keys=False), nl=False
    )


@cli.command()
@one_line_errors
def compose() -> None:
    """Write conf/composed.yaml, by which DVC decides what to run."""
    from stillroom.config.compose import compose as compose_parameters
    from stillroom.config.composed import write_composed
    from stillroom.io.paths import project_root

    root = project_root()
    click.echo(f"wrote {write_composed(compose_parameters(root), root).relative_to(root)}")


@cli.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where dvc.yaml is out of date.")
@one_line_errors
def dvc(check: bool) -> None:
    """Write dvc.yaml from the pipeline registry and the catalog."""
    import yaml

    from stillroom.config.dvc_yaml import check_dvc_yaml, write_dvc_yaml
    from stillroom.io.paths import project_root
    from stillroom.pipeline_registry import STAGES, register_pipelines

    root = project_root()
    catalog = yaml.safe_load((root / "conf" / "base" / "catalog.yml").read_text(encoding="utf-8"))
    pipelines = register_pipelines()
    stages = {name: pipelines[name] for name in STAGES}
    click.echo((check_dvc_yaml if check else write_dvc_yaml)(root, stages, catalog))
