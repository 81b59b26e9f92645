"""The plan as a table of 80 columns, in words and as JSON; biased options are marked.

Plan ──table──> rich.Table;  Option ──option_text──> words;  Plan ──document──> JSON
"""

from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table

from stillroom.io.byte_sizes import size_text
from stillroom.softlabels.plan.plan import Option, Plan
from stillroom.softlabels.sparsify.content import Content

COLUMNS = ("entries", "B/row", "total", "kept", "sum", "error", "angle", "norm")
LEGEND = """\
kept   share of the mass that is stored unchanged
sum    sum of a distribution's weights: mean ± standard deviation
error  expected squared error of a distribution
angle  angle between the student's mean gradients from these and from the full
       labels; over the sample the noise of unbiased labels averages out
norm   length of the gradient from these labels divided by that from full ones"""
BIASED = "*      biased: only the total mass of the other classes is stored"
NOT_COMBINABLE = "-      impossible for several teachers unless softlabels.combine=capture is set"


def table(plan: Plan) -> Table:
    """Return a row per option; the second treatment of a top-k is below the first."""
    rows = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0, pad_edge=False)
    rows.add_column("sparsifier", no_wrap=True)
    for name in COLUMNS:
        rows.add_column(name, justify="right", no_wrap=True)
    previous: Option | None = None
    for option in plan.options:
        is_second = previous is not None and option.sparsifier == previous.sparsifier
        rows.add_row(_label(option, is_second), *_size(option, is_second), *_quality(option))
        previous = option
    return rows


def legend(plan: Plan) -> str:
    """Return the explanation of the columns and marks in the table of this plan."""
    lines = [LEGEND, BIASED]
    if any(option.fidelity is None for option in plan.options):
        lines.append(NOT_COMBINABLE)
    return "\n".join(lines)


def option_text(option: Option) -> str:
    """Describe in words what an option keeps."""
    request, treatment = option.sparsifier, ""
    if request.content is Content.WHOLE:
        return request.description
    if option.is_biased:
        treatment = ", with the missing mass in a tail bucket"
    if option.missing_mass == "renormalise":
        treatment = ", renormalised"
    bias = "biased" if option.is_biased else "unbiased"
    return f"{request.description}{treatment} ({bias})"


def document(plan: Plan) -> dict[str, Any]:
    """Return the plan as values that JSON can hold."""
    values = asdict(plan)
    for plain, option in zip(values["options"], plan.options, strict=True):
        plain["sparsifier"] = {"kind": option.sparsifier.kind, **plain["sparsifier"]}
        plain["is_biased"] = option.is_biased
    return values


def _label(option: Option, is_second: bool) -> str:
    mark = " *" if option.is_biased else ""
    if is_second:
        return f"  renormalised{mark}"
    return f"{option.sparsifier.label}{mark}"


def _size(option: Option, is_second: bool) -> list[str]:
    if is_second:
        return ["", "", ""]
    return [
        f"{option.entries:.1f}",
        f"{option.bytes_per_row:,.0f}",
        size_text(option.bytes_total),
    ]


def _quality(option: Option) -> list[str]:
    fidelity = option.fidelity
    if fidelity is None:
        return ["-"] * 5
    spread = f"{fidelity.weight_sum_deviation:.2f}".removeprefix("0")
    mantissa, exponent = f"{fidelity.squared_error:.1e}".split("e")
    return [
        f"{fidelity.retained_mass:.3f}",
        f"{fidelity.weight_sum:.2f}±{spread}",
        f"{mantissa}e{int(exponent)}" if fidelity.squared_error else "0",
        f"{fidelity.angle:.2f}°",
        f"{fidelity.gradient_norm_ratio:.3f}",
    ]
