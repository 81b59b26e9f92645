"""The group `kedro softlabels` and its command `plan`; `cli.store` adds the others."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillroom.cli.errors import one_line_errors, params_option
from stillroom.cli.project import OpenProject, open_project
from stillroom.io.terminal import Terminal, say

if TYPE_CHECKING:
    from stillroom.assess.planning.planning import Project, ProjectPlan


@click.group(name="softlabels")
def softlabels() -> None:
    """Plan soft labels before you capture them, then inspect, verify and clean them up."""


@softlabels.command(
    short_help="Compare the ways to store soft labels: size and error.",
    epilog="Example: kedro softlabels plan --budget 200MB",
)
@click.option(
    "--budget",
    help="Name the best choice within this size on disk, all copies included. Example: 200MB.",
)
@click.option(
    "--positions",
    type=click.IntRange(min=2),
    default=1024,
    show_default=True,
    help="Size of the sample: how many distributions the teachers compute.",
)
@click.option(
    "--json",
    "document",
    type=click.Path(dir_okay=False),
    help="Also write the whole comparison to this JSON file.",
)
@params_option
@one_line_errors
def plan(budget: str | None, positions: int, document: str | None, params: dict[str, Any]) -> None:
    """Compare the ways to store soft labels before you run the capture.

    The command runs the teachers over a small sample. For each sparsifier and number of entries it
    prints the size on disk, measured on the encoded sample; the probability mass that is
    kept; the squared error; and the angle between two gradients of the untrained student, one from
    these labels and one from full labels. With --budget it names the best choice that fits, and
    prints the --params that select it. It also prints the memory that training will take.

    Run the stages `ingest` and `teachers` first. The set and the store stay as they are.
    """
    from stillroom.assess.planning.plan_memory import plan_memory
    from stillroom.assess.planning.plan_text import choice_in_words, document_of
    from stillroom.assess.planning.training_memory import available_memory, memory_text
    from stillroom.io import byte_sizes
    from stillroom.io.files.confined_paths import confined, project_root
    from stillroom.io.json.json_files import write_json
    from stillroom.softlabels.plan.plan import best_within

    root = project_root()
    allowed = None if budget is None else byte_sizes.bytes_of(budget)
    target = None if document is None else confined(Path.cwd() / document, root)
    with open_project(params) as opened:
        project, planned_options = _planned(opened, positions)
        trainer = opened.parameters["trainer"]
    _print(planned_options)
    memory = plan_memory(project, trainer, planned_options)
    there = available_memory() if trainer.accelerator == "cpu" else None
    say("\n".join(memory_text(memory, there, trainer.accelerator)) + "\n")
    option = None
    if allowed is None:
        say("Add --budget, for example --budget 200MB, to see the best choice within it.")
    else:
        option = best_within(planned_options.plan, allowed)
        say(choice_in_words(option, planned_options, project, params, str(budget)))
    if target is not None:
        content = document_of(planned_options, option, project, params)
        write_json(target, content | {"training_memory": memory.to_json()})


def _planned(opened: OpenProject, positions: int) -> "tuple[Project, ProjectPlan]":
    """Return the inputs of the plan, and the plan."""
    from stillroom.assess.planning.planning import Project, project_plan
    from stillroom.io.files.disk_copies import copies_of
    from stillroom.teachers.licences.licence_document import from_json
    from stillroom.teachers.softlabels_config import store_of

    catalog, parameters, root = opened.catalog, opened.parameters, opened.root
    project = Project(
        root=root,
        examples=catalog.load("examples"),
        encoder=catalog.load("encoder"),
        teachers=catalog.load("teachers"),
        licence=from_json(catalog.load("licence")),
        inference=parameters["teacher"].inference,
        **{name: parameters[name] for name in ("softlabels", "student", "objective")},
    )
    out = root / opened.config["catalog"]["soft_labels"]["filepath"]
    copies = copies_of(store_of(root).folder, out, root)
    return project, project_plan(project, copies, positions)


def _print(planned_options: "ProjectPlan") -> None:
    from stillroom.assess.planning.plan_text import heading
    from stillroom.softlabels.plan.plan_table import legend, table

    say(heading(planned_options) + "\n")
    Terminal().print(table(planned_options.plan))
    say("\n" + legend(planned_options.plan) + "\n")
