"""Stillroom's commands: `run` with one-line errors, `params`, `compose`, `dvc` and the rest."""

import os
import warnings
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from stillroom.cli import softlabels_store  # noqa: F401  (adds its commands to the group)
from stillroom.cli.errors import PARAMS, one_line_errors, params_option
from stillroom.cli.models import models
from stillroom.cli.softlabels import softlabels
from stillroom.errors import ConfigError, nearest
from stillroom.io.dvc_root import DVC_STAGE
from stillroom.io.runs.interruption import say_how_to_go_on
from stillroom.io.terminal import say


@click.group(name="stillroom")
def cli() -> None:
    """Run the pipeline, print its parameters, and work with its soft labels."""


@one_line_errors
def _run(**options: Any) -> Any:
    say_how_to_go_on()
    # Kedro recommends `--pipelines`. Both options work throughout 1.x.
    warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")
    names = [*filter(None, [options["pipeline"]]), *options["pipelines"]]
    _require_registered(names)
    if os.environ.get(DVC_STAGE):
        _require_code(names)
    return kedro_run.callback(**options) if kedro_run.callback else None


def _require_registered(names: list[str]) -> None:
    from stillroom.pipeline_registry import STAGES

    allowed = [*STAGES, "distill", "__default__"]
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"{name} is not the name of a pipeline.{nearest(name, allowed)} "
                f"Allowed: {', '.join(allowed[:-1])}."
            )


def _require_code(names: list[str]) -> None:
    """Refuse to run stages under DVC with code that DVC did not see."""
    from stillroom.cli.dvc_files import require_code_of
    from stillroom.io.files.confined_paths import project_root
    from stillroom.pipeline_registry import STAGES

    for name in names:
        if name in STAGES:
            require_code_of(project_root(), name)


run = click.Command(
    "run",
    params=[PARAMS if one.name == PARAMS.name else one for one in kedro_run.params],
    callback=_run,
    help="Run the whole pipeline (distill) or one stage of it: ingest, teachers, capture, train, "
    "evaluate, export or report.",
    epilog="Example: kedro run --pipeline=distill --params groups.student=tiny,student.epochs=3",
)
cli.add_command(run)
cli.add_command(models)
cli.add_command(softlabels)


@cli.command()
@params_option
@one_line_errors
def params(params: dict[str, Any]) -> None:
    """Print all parameters of a run as YAML, without running anything."""
    import yaml

    from stillroom.config.compose import compose as compose_parameters
    from stillroom.io.files.confined_paths import project_root

    say(yaml.safe_dump(compose_parameters(project_root(), params), sort_keys=False).rstrip("\n"))


@cli.command(
    "import-llama2c",
    epilog="Then: kedro run --pipeline=distill --params groups.experiment=causal_lm,"
    "teacher.path=models/stories,teacher.licence=…,data.path=my/texts",
)
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("vocabulary", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@one_line_errors
def import_llama2c(checkpoint: Path, vocabulary: Path, folder: Path) -> None:
    """Convert a llama2.c model to a Hugging Face FOLDER that teacher.path can name.

    CHECKPOINT is the file with the weights (.bin), VOCABULARY the file with the tokens.
    """
    from stillroom.io.files.confined_paths import confined, project_root
    from stillroom.teachers.llama2c import import_llama2c as import_model

    root = project_root()
    import_model(checkpoint, vocabulary, confined(Path.cwd() / folder, root), root)
    say(
        f"Wrote {folder}. Set teacher.path to it, and set teacher.licence, because the folder has "
        "no model card."
    )


@cli.command()
@one_line_errors
def compose() -> None:
    """Write conf/composed.yaml and conf/code.yaml, from which DVC decides what to run."""
    from stillroom.cli.dvc_files import write_for_dvc
    from stillroom.io.files.confined_paths import project_root
    from stillroom.io.runs.run_lock import ProjectInUseError, run_lock

    root = project_root()
    try:
        with run_lock(root, "kedro compose"):  # the first stage of `dvc repro`
            paths = write_for_dvc(root)
    except ProjectInUseError:
        if os.environ.get(DVC_STAGE):
            write_for_dvc(root)  # DVC has removed them before this command, and Git keeps them
        raise
    say(f"wrote {' and '.join(str(path.relative_to(root)) for path in paths)}")


@cli.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with code 1 if dvc.yaml is out of date."
)
@one_line_errors
def dvc(check: bool) -> None:
    """Write dvc.yaml, the stages as DVC runs them, from the pipelines and the catalog."""
    from stillroom.cli.dvc_files import check_stages, write_stages
    from stillroom.io.files.confined_paths import project_root

    say((check_stages if check else write_stages)(project_root()))
