"""A plan in words: what it was measured on, what a budget chooses, and how to have that.

ProjectPlan ──heading──> three lines;  Option ──choice_in_words──> the choice and its `--params`
"""

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Objective, SoftLabels
from stillroom.io.byte_sizes import size_text
from stillroom.io.json.flatten import leaves

if TYPE_CHECKING:
    from stillroom.assess.planning.planning import Project, ProjectPlan
    from stillroom.softlabels.plan.plan import Option, Plan

WIDTH = 79
MINUTE, HOUR = 60, 3600


def heading(found: "ProjectPlan") -> str:
    """Return what the plan was measured on, what the teachers take, where the bytes will lie."""
    plan, copies = found.plan, found.copies
    apart = f", {plan.members} of them, kept apart" if plan.members > 1 else ""
    speed = 1000 * found.seconds_per_input
    reflinks = "here are reflinks" if copies.reflinks else "no reflinks here"
    return "\n".join(
        [
            f"Sample    {_sample(plan)}, temperature {plan.temperature:g}; of unbiased ones "
            f"{plan.draws} draws",
            f"Teachers  {speed:.2g} ms per input, {_time(found.hours)} for {found.inputs:,}{apart}",
            f"Copies    {copies.full} full ones in {len(copies.places)} places ({reflinks}):",
            *(f"          {place}" for place in copies.places),
        ]
    )


def _sample(plan: "Plan") -> str:
    of = f"{plan.sampled:,} of {plan.whole.rows:,} rows"
    return of if plan.positions == plan.sampled else f"{plan.positions:,} positions in {of}"


def choice_in_words(
    option: "Option",
    found: "ProjectPlan",
    project: "Project",
    given: Mapping[str, Any],
    budget: str,
) -> str:
    """Return which option a budget implies, what it is worth, and the command to have it.

    Args:
        option: chosen, so it has a fidelity.
        found: the plan that it is from.
        project: what was planned for.
        given: the `--params` that made it so, nested.
        budget: as the user wrote it.
    """
    from stillroom.softlabels.plan.plan_table import option_text

    known = option.fidelity
    worth = ""
    if known is not None:
        worth = (
            f"its gradient is {known.angle:.2f}° off that of the full labels and "
            f"{known.gradient_norm_ratio:.3f} times as long"
        )
    said = (
        f"Within {budget} the least gradient error has {option_text(option)}: {worth}, in "
        f"{size_text(option.bytes_total)} for {found.copies.full} full copies. To have it:"
    )
    lines = [
        fill(said, WIDTH),
        "",
        f"  kedro run --params {params_of(option, project, given)}",
    ]
    missing = project.objective.temperature not in project.softlabels.temperatures
    if option.is_biased and missing:
        lines.append(
            f"  once {project.objective.temperature:g} stands in softlabels.temperatures in "
            "params.yaml"
        )
    return "\n".join(lines)


def document_of(
    found: "ProjectPlan", option: "Option | None", project: "Project", given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a plan, and the choice if there is one, as plain values."""
    from stillroom.softlabels.plan.plan_table import document

    content = document(found.plan) | {
        "copies": {"places": list(found.copies.places), "reflinks": found.copies.reflinks},
        "teacher": {
            "inputs": found.inputs,
            "seconds_per_input": found.seconds_per_input,
            "hours": found.hours,
        },
    }
    if option is not None:
        content["choice"] = {
            "option": found.plan.options.index(option),
            "params": params_of(option, project, given),
        }
    return content


def params_of(option: "Option", project: "Project", given: Mapping[str, Any]) -> str:
    """Return what to give `--params` so that a run stores this option.

    Args:
        option: what is to be stored.
        project: what was planned for.
        given: the `--params` that made it so, nested.
    """
    needed = _needed(option, project.softlabels, project.objective)
    merged = {
        name: "null" if value is None else value for name, value in leaves(given) if value != {}
    } | needed
    merged.pop("softlabels.sparsifier", None)  # it would overrule the group
    return ",".join(f"{name}={value}" for name, value in merged.items())


def _needed(option: "Option", softlabels: SoftLabels, objective: Objective) -> dict[str, object]:
    from stillroom.softlabels.capture.solve_threshold import ThresholdRequest
    from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Sample, TopK

    given: dict[str, object]
    match option.sparsifier:
        case TopK(k=k):
            given = {"softlabels.k": k, "objective.missing_mass": option.missing_mass}
        case Sample(samples=samples):
            given = {"softlabels.samples": samples}
        case FixedThreshold(k=k):
            given = {"softlabels.k": k}
        case ThresholdRequest(entries=entries):
            given = {"softlabels.entries": f"{entries:g}"}
            if softlabels.tau is not None:
                given["softlabels.tau"] = "null"
        case _:
            given = {}
    is_tempered = option.missing_mass == "unbiased" and given
    if is_tempered and softlabels.temperature != objective.temperature:
        given["softlabels.temperature"] = f"{objective.temperature:g}"
    return {"groups.softlabels": getattr(option.sparsifier, "kind", "threshold"), **given}


def _time(hours: float) -> str:
    seconds = hours * HOUR
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if hours < 2 else f"{hours:.1f} h"
