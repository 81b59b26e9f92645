"""Mass: logits in, unnormalised probabilities with exact enough sums out.

    logits [n, C] ──load──> Loaded ──shift──> Shifted ──exp(values / T)──> Mass(e, sums, z)

Exponentials and the sums over blocks of 128 classes are float32, sums over blocks float64: each
p is right to a relative 1e-6, where a softmax in float32 alone is off by 1e-5 over 262,144
classes. With the blocks' sums a point of the cumulative mass is found without walking over every
class. All of it runs on the device that the logits are on.

Each function takes the memory to write to as `out`: over many chunks, fresh pages cost more than
the arithmetic does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.powers import bases

BLOCK = 128
MAXIMA_BLOCK = 32
# Stands for -inf: its e is 0 at any temperature in use, and 0 * LOWEST is 0 in the entropy.
LOWEST = -1e30


@dataclass(slots=True)
class Loaded:
    """Logits in float32, padded to whole blocks: the teacher's own memory where they are so.

    Attributes:
        values: [n, W]; padding is -inf.
        maxima: [n, W / m], of each m classes: m is 32, or W where that is no multiple of 32.
        peak: [n], the largest, finite.
        classes: C.
    """

    values: Tensor
    maxima: Tensor
    peak: Tensor
    classes: int


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


def padded(classes: int) -> int:
    """Return W, the width of a row that holds all classes in whole blocks."""
    block = min(BLOCK, classes)
    return -(-classes // block) * block


def load(logits: Tensor, first: int = 0, out: Tensor | None = None) -> Loaded:
    """Find what is largest in each few logits; copy them only where they must be.

    Args:
        logits: [n, C] of any float type; -inf marks a class without mass.
        first: what an error calls row 0.
        out: [n, W], for a copy.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    rows, classes = logits.shape
    width, values = padded(classes), logits
    if logits.dtype != torch.float32 or width != classes or not logits.is_contiguous():
        values = logits.new_empty((rows, width), dtype=torch.float32) if out is None else out
        values[:, classes:] = -torch.inf
        values[:, :classes] = logits
    block = MAXIMA_BLOCK if width % MAXIMA_BLOCK == 0 else width
    maxima = values.view(rows, width // block, block).amax(dim=2)
    return Loaded(values, maxima, finite(maxima.amax(dim=1), first), classes)


def shift(loaded: Loaded, out: Tensor | None = None) -> Shifted:
    """Subtract each row's maximum; `out`: [n, W], for the values, may be the loaded ones."""
    values = torch.sub(loaded.values, loaded.peak[:, None], out=out)
    values[:, loaded.classes :] = LOWEST
    return Shifted(values, loaded.peak, loaded.classes)


def finite(peak: Tensor, first: int = 0) -> Tensor:
    """Return the rows' maxima [n] as they are; an error calls row 0 `first`.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    found = torch.isfinite(peak)  # NaN wins over every number
    if not bool(found.all()):
        row = first + int(torch.argmin(found.int()))
        raise SoftLabelError(
            f"the teacher's answer to row {row} of a batch holds NaN or infinity. "
            "Check the teacher's weights and the scale of its inputs."
        )
    return peak


def mass(shifted: Shifted, temperature: float, out: Tensor | None = None) -> Mass:
    """Return the unnormalised probabilities at a temperature; `out`: [n, W], for e."""
    e = torch.empty_like(shifted.values) if out is None else out
    return _summed(_exponentials(shifted, temperature, e), shifted)


def masses(
    shifted: Shifted,
    temperatures: Sequence[float],
    out: Tensor | None = None,
    base: Tensor | None = None,
) -> dict[float, Mass]:
    """Return the sums at several temperatures, and `e` at the lowest of them alone.

    Args:
        shifted: as `shift` returns it.
        temperatures: in any order. What can be a power of another exponential is one (`powers`):
            the n-th power has n times its relative error, 1e-7, and the sums the average of those.
        out: [n, W], for e.
        base: [n, W], for what e is a power of.
    """
    found: dict[float, Mass] = {}
    e = torch.empty_like(shifted.values) if out is None else out
    power = torch.empty_like(shifted.values) if base is None else base
    last = 0.0
    for temperature, of in bases(temperatures).items():
        if of == temperature:
            _exponentials(shifted, temperature, e)
        elif of != last:
            _exponentials(shifted, of, power)
            torch.mul(power, power, out=e)
        else:
            e.mul_(e)
            if of / temperature % 2:
                e.mul_(power)
        found[temperature], last = _summed(e, shifted), of
    return found


def entropy(shifted: Shifted, at_one: Mass, out: Tensor | None = None) -> Tensor:
    """Return the entropy [n] in nats, float64, given the mass at temperature 1.

    H = log z - sum(e * shifted) / z. `out`: [n, W], for the products; may be the mass's own e.
    """
    values = shifted.values.view_as(at_one.e)
    own = torch.empty_like(values) if out is None else out.view_as(values)
    products = torch.mul(at_one.e, values, out=own).sum(dim=2)
    if bool(products.isnan().any()):  # 0 * -inf: a class without mass adds nothing
        products = own.nan_to_num_(nan=0.0).sum(dim=2)
    return at_one.z.log() - products.double().sum(dim=1) / at_one.z


def _exponentials(shifted: Shifted, temperature: float, out: Tensor) -> Tensor:
    # Not exp2, which takes 0.4 of the time: on a CPU its last bit depends on where in the memory
    # a number lies, and so on the rows around it.
    scaled = shifted.values
    if temperature != 1:
        scaled = torch.mul(shifted.values, 1 / temperature, out=out)
    return torch.exp(scaled, out=out)


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
