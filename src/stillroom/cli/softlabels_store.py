"""The commands `kedro softlabels show`, `verify`, `gc` and `adopt`."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillroom.cli.errors import one_line_errors, params_option
from stillroom.cli.project import OpenProject, open_project
from stillroom.cli.softlabels import softlabels
from stillroom.io.terminal import Terminal, say

if TYPE_CHECKING:
    from stillroom.softlabels.format.manifest import Manifest
    from stillroom.softlabels.store.gc import Waste

SET, STAGED, ALARMS = "soft_labels", "unverified_labels", "teacher_alarms"


@softlabels.command(short_help="Describe the set: teachers, rows, size, sparsifier, bias.")
@params_option
@one_line_errors
def show(params: dict[str, Any]) -> None:
    """Describe the set of soft labels in data/04_soft_labels.

    The table has the teachers, the fingerprint, rows, bytes, the probability mass that is kept,
    the sparsifier and its bias. The command reads the manifest and one shard of each teacher;
    `verify` reads all shards.
    """
    from stillroom.softlabels.reading.set_table import set_table

    with open_project(params) as project:
        labels = project.catalog.load(SET)
        Terminal().print(set_table(labels))


@softlabels.command(short_help="Check every row of the set.")
@params_option
@one_line_errors
def verify(params: dict[str, Any]) -> None:
    """Check every row of the set against the examples and the teachers.

    The command checks the hash of each shard, the columns, the keys and their order, the
    probability mass of each row, and the agreement with the hard labels. It runs the teachers
    again on one or two rows of each shard. It stops at the first error, names the shard and the
    row, and exits with code 1.
    """
    from stillroom.assess.agreement_log import warn_where_it_fell

    with open_project(params) as project:
        findings = _verified(project)
        warn_where_it_fell(project.root, project.catalog.load(SET).manifest.content, findings)
    for number, finding in enumerate(findings):
        say(f"member {number}: {finding}")
    say("The set has no errors.")


@softlabels.command(short_help="List unused captures in the store; --yes removes them.")
@click.option("--yes", is_flag=True, help="Remove the listed captures.")
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0),
    default=14.0,
    show_default=True,
    help="Never remove a capture that changed within this number of days.",
)
@params_option
@one_line_errors
def gc(yes: bool, keep_days: float, params: dict[str, Any]) -> None:
    """List the captures in the store that this project's set does not use; --yes removes them.

    Other branches and experiments share the store. If you remove a capture that one of them uses,
    the teachers must run again there. What the stage `teachers` keeps is listed too: the embeddings
    for `capture`, and the trained teachers that no run has used for that number of days.
    """
    from stillroom.io.byte_sizes import size_text
    from stillroom.io.runs.run_lock import run_lock
    from stillroom.teachers.softlabels_config import store_of

    with open_project(params) as project:
        store = store_of(project.root)
        if yes:  # a run may be about to use what is removed
            with run_lock(project.root, "kedro softlabels gc --yes"):
                captures = _remove_unused(project, keep_days)
        else:
            captures = _unused(project, keep_days)
    for one in captures:
        say(f"{size_text(one.bytes):>9}  {one.rows:>10,} rows  {one.path.name[:16]}  {one.why}")
    size, rows = sum(one.bytes for one in captures), sum(one.rows for one in captures)
    if not captures:
        kept = f" Captures that changed within {keep_days:g} days stay (--keep-days)."
        say(f"There is nothing to remove from {store.folder}.{kept if keep_days else ''}")
    elif yes:
        say(f"Removed {size_text(size)} ({rows:,} answers) from {store.folder}.")
    else:
        say(
            f"{size_text(size)} ({rows:,} answers) can be removed from {store.folder}. "
            "Run `kedro softlabels gc --yes` to remove them."
        )


@softlabels.command(short_help="Copy the set into the store, after `dvc pull`.")
@params_option
@one_line_errors
def adopt(params: dict[str, Any]) -> None:
    """Copy the rows of the set into the store.

    Use it in a fresh clone: `dvc pull` brings the set but not the store, and without the store the
    next `capture` would run the teachers over all rows again. The set is verified first.
    """
    from stillroom.io.progress import ticking
    from stillroom.io.runs.run_lock import run_lock
    from stillroom.softlabels.capture.import_set import import_set
    from stillroom.teachers.softlabels_config import store_of

    with open_project(params) as project, run_lock(project.root, "kedro softlabels adopt"):
        labels = project.catalog.load(SET)
        store = store_of(project.root)
        _verified(project)  # a set from elsewhere is checked before it enters the store
        rows = labels.manifest.rows * len(labels.manifest.members)
        with ticking("adopting", rows, "rows") as ticker:
            added = import_set(labels, store, ticker.advance)
    say(f"Added {added} shards to {store.folder}; the set has {rows:,} rows.")


def _unused(project: OpenProject, keep_days: float) -> "list[Waste]":
    """Return what no run of the project has used for some days."""
    from stillroom.softlabels.store.gc import waste
    from stillroom.teachers.softlabels_config import store_of

    captures = waste(store_of(project.root), _manifests(project.catalog), keep_days)
    return captures + _unused_of_teachers(project, keep_days)


def _remove_unused(project: OpenProject, keep_days: float) -> "list[Waste]":
    """Remove what no run of the project has used for some days, and return it."""
    from stillroom.softlabels.store.gc import remove
    from stillroom.teachers.softlabels_config import store_of

    catalog, store = project.catalog, store_of(project.root)
    captures = remove(store, lambda: _manifests(catalog), keep_days)
    others = _unused_of_teachers(project, keep_days)
    for one in others:
        shutil.rmtree(one.path) if one.path.is_dir() else one.path.unlink(missing_ok=True)
    return captures + others


def _unused_of_teachers(project: OpenProject, keep_days: float) -> "list[Waste]":
    """Return kept embeddings and trained teachers that no run has used for some days."""
    from stillroom.teachers.sentence.kept_embeddings import embeddings_folder, old_embeddings
    from stillroom.teachers.softlabels_config import store_of
    from stillroom.training.process.kept_fits import KeptFits

    store = store_of(project.root)
    models = Path(project.catalog["teachers"]._describe()["filepath"])
    kept = KeptFits.beside(store).unused(models, keep_days)
    return old_embeddings(embeddings_folder(store), keep_days) + kept


def _verified(project: OpenProject) -> Any:
    """Verify the project's set as the stage does, and return the findings of each member."""
    from stillroom.assess.sanity.alarm import from_json
    from stillroom.assess.sanity.chance_alarms import teachers_at_chance
    from stillroom.assess.verify_with_teachers import verify_with_teachers
    from stillroom.teachers.stored_teachers import teacher_refs

    catalog = project.catalog
    # Without the document no teacher is known to be at chance.
    alarms = catalog.load(ALARMS) if catalog.exists(ALARMS) else []
    return verify_with_teachers(
        catalog.load(SET),
        catalog.load("examples"),
        catalog.load("encoder"),
        teacher_refs(catalog.load("teachers"), project.parameters["teacher"].inference),
        project.parameters["softlabels"],
        teachers_at_chance(from_json(alarms), project.parameters["evaluate"].sanity),
    )


def _manifests(catalog: Any) -> "list[Manifest]":
    """Return the manifests of the published set and of a set that awaits `verify`."""
    from stillroom.errors import StillroomError
    from stillroom.io.files.atomic_folder import restored
    from stillroom.softlabels.format.manifest import read_manifest

    manifests = []
    for name in (SET, STAGED):
        folder = restored(Path(catalog[name]._describe()["filepath"]))
        try:
            manifests.append(read_manifest(folder))
        except StillroomError:
            if (folder / "manifest.json").exists():
                raise
    return manifests
