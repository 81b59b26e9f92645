"""Mass: logits in, unnormalised probabilities with exact enough sums out.

    logits [n, C] ──subtract the maximum──> shifted ──exp(shifted / T)──> Mass(e, sums, z)

Exponentials and the sums over blocks of 256 classes are float32, sums over blocks float64: each
p is right to a relative 1e-6, where a softmax in float32 alone is off by 1e-5 over 262,144
classes. With the blocks' sums a point of the cumulative mass is found without walking over every
class. All of it runs on the device that the logits are on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import SoftLabelError

BLOCK = 256
# Stands for -inf: its e is 0 at any temperature in use, and 0 * LOWEST is 0 in the entropy.
LOWEST = -1e30


@dataclass(slots=True)
class Shifted:
    """Logits less their maximum, padded to whole blocks.

    Attributes:
        values: [n, W], float32, at most 0; padding is LOWEST.
        peak: [n], float32, the maximum that was subtracted.
        classes: C.
    """

    values: Tensor
    peak: Tensor
    classes: int


@dataclass(slots=True)
class Mass:
    """exp(shifted / T) and its sums: p = e / z.

    Attributes:
        e: [n, blocks, block], float32.
        sums: [n, blocks], float64.
        z: [n], float64.
    """

    e: Tensor
    sums: Tensor
    z: Tensor


def shift(logits: Tensor, first: int = 0) -> Shifted:
    """Subtract each row's maximum.

    Args:
        logits: [n, C], float32; -inf marks a class without mass.
        first: what an error calls row 0.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    rows, classes = logits.shape
    peak = finite_peak(logits, first)
    block = min(BLOCK, classes)
    width = -(-classes // block) * block
    values = logits.new_full((rows, width), LOWEST) if width > classes else torch.empty_like(logits)
    torch.sub(logits, peak[:, None], out=values[:, :classes])
    return Shifted(values, peak, classes)


def finite_peak(logits: Tensor, first: int = 0) -> Tensor:
    """Return each row's maximum [n]; an error calls row 0 `first`.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    peak = logits.amax(dim=1)  # NaN wins over every number
    finite = torch.isfinite(peak)
    if not bool(finite.all()):
        row = first + int(torch.argmin(finite.int()))
        raise SoftLabelError(
            f"the teacher's answer to row {row} of a batch holds NaN or infinity. "
            "Check the teacher's weights and the scale of its inputs."
        )
    return peak


def mass(shifted: Shifted, temperature: float) -> Mass:
    """Return the unnormalised probabilities at a temperature."""
    scaled = shifted.values if temperature == 1 else shifted.values / temperature
    return _summed(torch.exp(scaled), shifted)


def masses(shifted: Shifted, temperatures: Sequence[float]) -> dict[float, Mass]:
    """Return the sums at several temperatures, and `e` at the lowest of them alone.

    Halving a temperature squares e, which costs a tenth of an exponential: 1, 2, 4, 8 take one.
    Each squaring doubles e's relative error, 1e-7 at first.
    """
    found: dict[float, Mass] = {}
    e, last = torch.empty_like(shifted.values), 0.0
    for temperature in sorted(set(temperatures), reverse=True):
        if last == 2 * temperature:
            e.mul_(e)
        else:
            torch.mul(shifted.values, 1 / temperature, out=e).exp_()
        found[temperature], last = _summed(e, shifted), temperature
    return found


def entropy(shifted: Shifted, at_one: Mass) -> Tensor:
    """Return the entropy [n] in nats, float64, given the mass at temperature 1.

    H = log z - sum(e * shifted) / z.
    """
    values = shifted.values.view_as(at_one.e)
    products = (at_one.e * values).sum(dim=2)
    if bool(products.isnan().any()):  # 0 * -inf: a class without mass adds nothing
        products = (at_one.e * values.clamp(min=LOWEST)).sum(dim=2)
    return at_one.z.log() - products.double().sum(dim=1) / at_one.z


def _summed(e: Tensor, shifted: Shifted) -> Mass:
    block = min(BLOCK, shifted.classes)
    blocks = e.view(len(e), e.shape[1] // block, block)
    sums = blocks.sum(dim=2).double()
    return Mass(blocks, sums, sums.sum(dim=1))


def locate(of: Mass, rows: Tensor, points: Tensor) -> Tensor:
    """Return the class at each point of the cumulative mass, walked by rising id.

    Class i owns [p_0 + … + p_(i-1), p_0 + … + p_i); a class without mass is never returned.

    Args:
        of: the mass; its `sums` must be those of its `e`.
        rows: [m], int64, rising.
        points: [m], float64, unnormalised: 0 <= point < the row's sum of `sums`.
    """
    ends = of.sums.cumsum(dim=1)
    blocks = _search(ends, rows, points).clamp_(max=of.sums.shape[1] - 1)
    before = torch.where(
        blocks > 0, ends[rows, (blocks - 1).clamp_(min=0)], torch.zeros_like(points)
    )
    inside = of.e[rows, blocks]
    passed = (inside.double().cumsum(dim=1) <= (points - before)[:, None]).sum(dim=1)
    # The block's own sum and this walk through it may differ in the last bit.
    width = inside.shape[1]
    last = width - 1 - (inside > 0).flip(1).to(torch.uint8).argmax(dim=1)
    return blocks * width + torch.minimum(passed, last)


def _search(ends: Tensor, rows: Tensor, points: Tensor) -> Tensor:
    counts = torch.bincount(rows, minlength=len(ends))
    column = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    table = points.new_zeros((len(ends), int(counts.max()) if len(rows) else 0))
    table[rows, column] = points
    return torch.searchsorted(ends, table, right=True)[rows, column]
