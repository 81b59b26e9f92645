"""`kedro softlabels show | verify | gc | adopt`: what is kept, whether it is sound, what can go."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillroom.cli.errors import one_line_errors, params_option
from stillroom.cli.project import OpenProject, open_project
from stillroom.cli.softlabels import softlabels

if TYPE_CHECKING:
    from stillroom.softlabels.format.manifest import Manifest

SET, STAGED = "soft_labels", "unverified_labels"


@softlabels.command(short_help="Say what is in the set: teachers, rows, bytes, sparsifier, bias.")
@params_option
@one_line_errors
def show(params: dict[str, Any]) -> None:
    """Say what is in the set: teachers, fingerprint, rows, bytes, mass, sparsifier and its bias.

    Reads the manifest and one shard of each teacher; `verify` reads all of them.
    """
    from rich.console import Console

    from stillroom.softlabels.verify.describe import shown

    with open_project(params) as project:
        labels = project.catalog.load(SET)
        Console(highlight=False).print(shown(labels))


@softlabels.command(short_help="Check every row of the set against the examples and the teachers.")
@params_option
@one_line_errors
def verify(params: dict[str, Any]) -> None:
    """Check every row of the set against the examples and the teachers.

    Hashes, columns, keys in their order, masses, agreement with the hard labels, and a row of each
    shard asked again. The first thing that is wrong is named with its shard and row, and the exit
    code is 1.
    """
    from stillroom.softlabels.verify.describe import told

    with open_project(params) as project:
        findings = _found(project)
    for number, finding in enumerate(findings):
        click.echo(told(number, finding))
    click.echo("The set is sound.")


@softlabels.command(short_help="Show what the store could do without; with --yes, remove it.")
@click.option("--yes", is_flag=True, help="Remove what is shown.")
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0),
    default=14.0,
    show_default=True,
    help="Keep captures that were written to within so many days, used or not.",
)
@params_option
@one_line_errors
def gc(yes: bool, keep_days: float, params: dict[str, Any]) -> None:
    """Show what the store could do without; with --yes, remove it.

    Kept is what the project's set names. Anything else can be made again, by asking the teachers
    again: mind the sets of other branches and experiments, which share the store.
    """
    from stillroom.io.byte_sizes import told as told_size
    from stillroom.softlabels.store.gc import remove, waste
    from stillroom.teachers.softlabels_config import store_of

    with open_project(params) as project:
        catalog, store = project.catalog, store_of(project.root)
        if yes:
            found = remove(store, lambda: _manifests(catalog), keep_days)
        else:
            found = waste(store, _manifests(catalog), keep_days)
    for one in found:
        click.echo(
            f"{told_size(one.bytes):>9}  {one.rows:>10,} rows  {one.path.name[:16]}  {one.why}"
        )
    size, rows = sum(one.bytes for one in found), sum(one.rows for one in found)
    if not found:
        kept = f" What was written within {keep_days:g} days is kept (--keep-days)."
        click.echo(f"Nothing to remove from {store.folder}.{kept if keep_days else ''}")
    elif yes:
        click.echo(f"Removed {told_size(size)} and {rows:,} answers from {store.folder}.")
    else:
        click.echo(
            f"{told_size(size)} and {rows:,} answers would go from {store.folder}. "
            "Say `kedro softlabels gc --yes` to remove them."
        )


@softlabels.command(short_help="Put the set's rows into the store, as after `dvc pull`.")
@params_option
@one_line_errors
def adopt(params: dict[str, Any]) -> None:
    """Put the set's rows into the store, so that the next `capture` asks for new rows alone.

    For a fresh clone: `dvc pull` brings the set, and not the store that it was made from.
    """
    from stillroom.io.progress import ticking
    from stillroom.softlabels.capture.import_set import adopt as adopt_set
    from stillroom.teachers.softlabels_config import store_of

    with open_project(params) as project:
        labels = project.catalog.load(SET)
        store = store_of(project.root)
        _found(project)  # what came from elsewhere is checked before it is kept
    rows = labels.manifest.rows * len(labels.manifest.members)
    with ticking("adopting", rows, "rows") as ticker:
        added = adopt_set(labels, store, ticker.advance)
    click.echo(f"{added} shards of {rows:,} rows are new in {store.folder}.")


def _found(project: OpenProject) -> Any:
    """Return what `verify` finds of the project's set."""
    from stillroom.assess.verify_with_teachers import verify_with_teachers
    from stillroom.teachers.teacher_ref import refer

    catalog = project.catalog
    return verify_with_teachers(
        catalog.load(SET),
        catalog.load("examples"),
        catalog.load("encoder"),
        refer(catalog.load("teachers"), project.parameters["teacher"].inference),
        project.parameters["softlabels"],
    )


def _manifests(catalog: Any) -> "list[Manifest]":
    """Return the manifests of the set and of one that is being made."""
    from stillroom.errors import StillroomError
    from stillroom.io.files.workspace import restored
    from stillroom.softlabels.format.manifest import read_manifest

    found = []
    for name in (SET, STAGED):
        folder = restored(Path(catalog[name]._describe()["filepath"]))
        try:
            found.append(read_manifest(folder))
        except StillroomError:
            if (folder / "manifest.json").exists():
                raise
    return found
