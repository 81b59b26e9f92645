"""Plan text: what a plan was measured on, the option that fits a budget, and its command.

ProjectPlan ──heading──> some lines;  Option ──choice_in_words──> the choice and its `--params`
"""

from collections.abc import Mapping
from dataclasses import asdict
from textwrap import fill
from typing import TYPE_CHECKING, Any

from stillroom.config.params_text import params_text
from stillroom.config.schema import Objective, SoftLabels
from stillroom.io.byte_sizes import size_text
from stillroom.io.json.flatten import leaves

if TYPE_CHECKING:
    from stillroom.assess.planning.planning import Project, ProjectPlan
    from stillroom.softlabels.plan.plan import Option, Plan

WIDTH = 79
MINUTE, HOUR = 60, 3600


def heading(project_plan: "ProjectPlan") -> str:
    """Return lines on the sample of the plan, the time of the teachers and the copies on disk."""
    plan, copies = project_plan.plan, project_plan.copies
    apart = f", {plan.members} teachers, stored separately" if plan.members > 1 else ""
    speed = 1000 * project_plan.seconds_per_input
    reflinks = "with reflinks" if copies.reflinks else "without reflinks"
    return "\n".join(
        [
            f"Sample    {_sample(plan)}, temperature {plan.temperature:g}; {plan.draws} draws "
            "for each unbiased option",
            f"Teachers  {speed:.2g} ms per input, {_time(project_plan.hours)} for "
            f"{project_plan.inputs:,}{apart}",
            *_positions(project_plan),
            f"Copies    {copies.full} full copies in {len(copies.places)} places ({reflinks}):",
            *(f"          {place}" for place in copies.places),
        ]
    )


def _positions(project_plan: "ProjectPlan") -> list[str]:
    """Return a line on what is captured of sequences; [] for other examples."""
    if (of := project_plan.positions) is None:
        return []
    share = of.captured / max(of.tokens, 1)
    return [f"Positions {of.captured:,} of {of.tokens:,} tokens are captured ({share:.0%})"]


def _sample(plan: "Plan") -> str:
    of = f"{plan.sampled:,} of {plan.whole.rows:,} rows"
    return of if plan.positions == plan.sampled else f"{plan.positions:,} positions in {of}"


def choice_in_words(
    option: "Option",
    project_plan: "ProjectPlan",
    project: "Project",
    given: Mapping[str, Any],
    budget: str,
) -> str:
    """Return the option that fits a budget best, its error, and the command that stores it.

    Args:
        option: the chosen option; its fidelity was measured.
        project_plan: the plan that lists the option.
        project: the project that was planned.
        given: the `--params` of the plan, nested.
        budget: the budget, as the user wrote it.
    """
    from stillroom.softlabels.plan.plan_table import option_text

    fidelity = option.fidelity
    error = ""
    if fidelity is not None:
        error = (
            f"Its gradient is {fidelity.angle:.2f}° off that of the full labels and "
            f"{fidelity.gradient_norm_ratio:.3f} times as long. "
        )
    choice = (
        f"Within {budget}, this option has the least gradient error: {option_text(option)}. "
        f"{error}It takes {size_text(option.bytes_total)} for {project_plan.copies.full} full "
        "copies. To store it:"
    )
    lines = [
        fill(choice, WIDTH),
        "",
        f"  kedro run --params {params_of(option, project, given)}",
    ]
    is_listed = option.sparsifier.temperature_option == "temperatures"
    if is_listed and project.objective.temperature not in project.softlabels.temperatures:
        lines.append(
            f"  after you add {project.objective.temperature:g} to softlabels.temperatures in "
            "params.yaml"
        )
    return "\n".join(lines)


def document_of(
    project_plan: "ProjectPlan",
    option: "Option | None",
    project: "Project",
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a plan, and the choice if there is one, as plain values."""
    from stillroom.softlabels.plan.plan_table import document

    content = document(project_plan.plan) | {
        "copies": {
            "places": list(project_plan.copies.places),
            "reflinks": project_plan.copies.reflinks,
        },
        "captured_positions": (
            None if project_plan.positions is None else asdict(project_plan.positions)
        ),
        "teacher": {
            "inputs": project_plan.inputs,
            "seconds_per_input": project_plan.seconds_per_input,
            "hours": project_plan.hours,
        },
    }
    if option is not None:
        content["choice"] = {
            "option": project_plan.plan.options.index(option),
            "params": params_of(option, project, given),
        }
    return content


def params_of(option: "Option", project: "Project", given: Mapping[str, Any]) -> str:
    """Return the value of `--params` with which a run stores this option.

    Args:
        option: the option to store.
        project: the project that was planned.
        given: the `--params` of the plan, nested.
    """
    needed = _needed(option, project.softlabels, project.objective)
    merged = {name: value for name, value in leaves(given) if value != {}} | needed
    merged.pop("softlabels.sparsifier", None)  # it would override the group
    return params_text(merged)


def _needed(option: "Option", softlabels: SoftLabels, objective: Objective) -> dict[str, object]:
    request = option.sparsifier
    given = request.params(vars(softlabels))
    if option.is_biased:
        given["objective.missing_mass"] = option.missing_mass
    is_tempered = request.temperature_option == "temperature"
    if is_tempered and softlabels.temperature != objective.temperature:
        given["softlabels.temperature"] = objective.temperature
    return {"groups.softlabels": request.kind, **given}


def _time(hours: float) -> str:
    seconds = hours * HOUR
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if hours < 2 else f"{hours:.1f} h"
