"""The plan on a terminal of 80 columns: options as rows, biased ones marked, then what they mean.

Plan ──table──> rich.Table;  Option ──told──> words;  Plan ──document──> JSON
"""

from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table

from stillroom.io.byte_sizes import told as told_size
from stillroom.softlabels.plan.plan import Option, Plan
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, TopK

COLUMNS = ("entries", "B/row", "total", "kept", "sum", "error", "angle", "norm")
LEGEND = """\
kept   share of the mass that is stored as it is
sum    of a distribution's weights, mean ± standard deviation
error  expected squared error of a distribution
angle  between the student's gradients from these and from the full labels, each
       the mean over the sample, where the noise of unbiased ones averages out
norm   length of the one gradient as a share of the other"""
BIASED = "*      biased: the mass beyond the k largest classes is known, not whose it is"
APART = "-      not for several teachers apart; softlabels.combine=capture makes them one"


def table(plan: Plan) -> Table:
    """Return a row per option; the second treatment of a top-k stands under its first."""
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0, pad_edge=False)
    shown.add_column("sparsifier", no_wrap=True)
    for name in COLUMNS:
        shown.add_column(name, justify="right", no_wrap=True)
    before: Option | None = None
    for option in plan.options:
        is_second = before is not None and option.sparsifier == before.sparsifier
        shown.add_row(_label(option, is_second), *_size(option, is_second), *_quality(option))
        before = option
    return shown


def legend(plan: Plan) -> str:
    """Return what the columns and marks of this plan's table mean."""
    lines = [LEGEND, BIASED]
    if any(option.fidelity is None for option in plan.options):
        lines.append(APART)
    return "\n".join(lines)


def told(option: Option) -> str:
    """Return what an option keeps, in words."""
    match option.sparsifier:
        case Full():
            return "full, every class"
        case TopK(k=k):
            how = "its missing mass in a tail bucket"
            if option.missing_mass == "renormalise":
                how = "renormalised"
            return f"topk, the {k} largest of each distribution, {how} (biased)"
        case Sample(draws=draws):
            return f"sample, {draws} draws of each distribution (unbiased)"
        case FixedThreshold(k=k):
            return f"threshold_fixed, {k} entries of each distribution (unbiased)"
        case request:
            return f"threshold, {request.entries:g} entries on average (unbiased)"


def document(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain values."""
    values = asdict(plan)
    for plain, option in zip(values["options"], plan.options, strict=True):
        plain["sparsifier"] = {"kind": _kind(option), **plain["sparsifier"]}
        plain["is_biased"] = option.is_biased
    return values


def _kind(option: Option) -> str:
    return str(getattr(option.sparsifier, "kind", "threshold"))


def _label(option: Option, is_second: bool) -> str:
    mark = " *" if option.is_biased else ""
    if is_second:
        return f"  renormalised{mark}"
    match option.sparsifier:
        case Full():
            number = ""
        case TopK(k=k) | FixedThreshold(k=k):
            number = f" {k}"
        case Sample(draws=draws):
            number = f" {draws}"
        case request:
            number = f" {request.entries:g}"
    return f"{_kind(option)}{number}{mark}"


def _size(option: Option, is_second: bool) -> list[str]:
    if is_second:
        return ["", "", ""]
    return [
        f"{option.entries:.1f}",
        f"{option.bytes_per_row:,.0f}",
        told_size(option.bytes_total),
    ]


def _quality(option: Option) -> list[str]:
    found = option.fidelity
    if found is None:
        return ["-"] * 5
    spread = f"{found.weight_sum_deviation:.2f}".removeprefix("0")
    mantissa, exponent = f"{found.squared_error:.1e}".split("e")
    return [
        f"{found.retained_mass:.3f}",
        f"{found.weight_sum:.2f}±{spread}",
        f"{mantissa}e{int(exponent)}" if found.squared_error else "0",
        f"{found.angle:.2f}°",
        f"{found.gradient_norm_ratio:.3f}",
    ]
