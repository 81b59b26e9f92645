"""`kedro softlabels …`: commands about soft labels, beside the stage that makes them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillroom.cli.errors import one_line_errors, params_option
from stillroom.cli.project import OpenProject, open_project

if TYPE_CHECKING:
    from stillroom.assess.planning.planning import Planned, Project


@click.group(name="softlabels")
def softlabels() -> None:
    """Plan soft labels before the bill; look at them, check them, and tidy their store."""


@softlabels.command(
    short_help="Say what each way to store soft labels costs and keeps.",
    epilog="Example: kedro softlabels plan --budget 200MB",
)
@click.option("--budget", help="Choose what comes nearest within so much, as in 200MB, all copies.")
@click.option(
    "--positions",
    type=click.IntRange(min=2),
    default=1024,
    show_default=True,
    help="Distributions in the sample.",
)
@click.option(
    "--json", "document", type=click.Path(dir_okay=False), help="Write all of it as JSON."
)
@params_option
@one_line_errors
def plan(budget: str | None, positions: int, document: str | None, params: dict[str, Any]) -> None:
    """Say what each way to store soft labels costs and keeps.

    The teachers answer a sample. For each sparsifier and number of entries this prints bytes as
    the codec really writes them, the mass that is kept, the squared error, and how far the
    gradient of the student, before it has learnt anything, turns away from the one that the full
    labels give it. With --budget it names the best that fits, and the --params to have it.

    Needs what `ingest` and `teachers` write; `capture` is what it saves you from running in vain.
    """
    from stillroom.assess.planning.plan_text import choice_in_words, document_of
    from stillroom.io import byte_sizes
    from stillroom.io.files.paths import confined, project_root
    from stillroom.io.json.json_files import write_json
    from stillroom.softlabels.plan.plan import chosen

    root = project_root()
    allowed = None if budget is None else byte_sizes.parsed(budget)
    target = None if document is None else confined(Path.cwd() / document, root)
    with open_project(params) as opened:
        project, found = _planned(opened, positions)
    _print(found)
    option = None
    if allowed is None:
        click.echo("With --budget, as in --budget 200MB, the best that fits is named.")
    else:
        option = chosen(found.plan, allowed)
        click.echo(choice_in_words(option, found, project, params, str(budget)))
    if target is not None:
        write_json(target, document_of(found, option, project, params))


def _planned(opened: OpenProject, positions: int) -> "tuple[Project, Planned]":
    """Return what the project plans with, and its plan."""
    from stillroom.assess.planning.planning import Project, planned
    from stillroom.io.files.disk_copies import copies_of
    from stillroom.teachers.licences.licence_document import from_json
    from stillroom.teachers.softlabels_config import store_of

    catalog, parameters, root = opened.catalog, opened.parameters, opened.root
    project = Project(
        examples=catalog.load("examples"),
        encoder=catalog.load("encoder"),
        teachers=catalog.load("teachers"),
        licence=from_json(catalog.load("licence")),
        inference=parameters["teacher"].inference,
        **{name: parameters[name] for name in ("softlabels", "student", "objective")},
    )
    out = root / opened.config["catalog"]["soft_labels"]["filepath"]
    copies = copies_of(store_of(root).folder, out, root)
    return project, planned(project, copies, positions)


def _print(found: "Planned") -> None:
    from rich.console import Console

    from stillroom.assess.planning.plan_text import heading
    from stillroom.softlabels.plan.plan_table import legend, table

    click.echo(heading(found) + "\n")
    Console(highlight=False).print(table(found.plan))
    click.echo("\n" + legend(found.plan) + "\n")
