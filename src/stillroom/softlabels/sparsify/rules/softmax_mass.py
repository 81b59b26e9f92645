"""Softmax mass: computes unnormalised probabilities, with sums of bounded error.

    LogitsWithMax ──tiles that fit a core's cache──> e = exp((logits - row_max) / T)
                  ──> Mass(e, sums, z), entropy

Exponentials and sums within a block of 128 classes are float32; sums over blocks are float64. Each
p has a relative error of 1e-6, while a softmax with only float32 has one of 1e-5 over 262,144
classes. The sums of the blocks make it possible to find a point of the cumulative mass without a
walk over every class. Everything runs on the device of the logits.

A tile stays in the cache during all passes over it. The caller supplies the memory to write to:
over many chunks, new memory pages cost more time than the arithmetic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.rules.row_max import BLOCK, LogitsWithMax, padded_width
from stillroom.softlabels.sparsify.shared_exponentials import bases

# The number of logits in a tile: 2 MB, half of the nearest cache of two cores.
TILE = 2**19
# Replaces -inf: its e is 0 at any realistic temperature, and 0 * LOWEST is 0 in the entropy.
LOWEST = -1e30


@dataclass(frozen=True, slots=True)
class Workspace:
    """Reusable memory, float32, for rows of width W.

    Attributes:
        e: [rows, W], for values that are needed after a pass.
        tile: [3, t, W], for values that are not.
    """

    e: Tensor
    tile: Tensor

    @classmethod
    def of(cls, logits: Tensor, rows: int) -> "Workspace":
        """Return a workspace for a number of rows of logits, on their device."""
        width = padded_width(logits.shape[1])
        # On other devices the number of calls decides how long a pass takes.
        at_once = max(1, TILE // width) if logits.device.type == "cpu" else rows
        return cls(
            logits.new_empty((rows, width), dtype=torch.float32),
            logits.new_empty((3, min(at_once, rows), width), dtype=torch.float32),
        )


@dataclass(slots=True)
class Mass:
    """exp((logits - row_max) / T) and its sums: p = e / z.

    Attributes:
        e: [n, blocks, block], float32.
        sums: [n, blocks], float64.
        z: [n], float64.
    """

    e: Tensor
    sums: Tensor
    z: Tensor


@dataclass(frozen=True, slots=True)
class SoftmaxStatistics:
    """Statistics of n distributions at several temperatures.

    Attributes:
        z: the sum of e at each temperature, [n], float64.
        entropy: [n], float64, in nats, at temperature 1.
        lowest: the mass at the lowest temperature.
    """

    z: dict[float, Tensor]
    entropy: Tensor
    lowest: Mass


def mass(logits: LogitsWithMax, temperature: float, workspace: Workspace | None = None) -> Mass:
    """Return the unnormalised probabilities at a temperature."""
    workspace = workspace or Workspace.of(logits.values, len(logits.values))
    sums = _empty_sums(logits)
    for part, values in _tiles(logits, workspace):
        sums[part] = _block_sums(_exponentials(values, temperature, workspace.e[part]), logits)
    return _mass(logits, workspace, sums)


def softmax_statistics(
    logits: LogitsWithMax, temperatures: Sequence[float], workspace: Workspace | None = None
) -> SoftmaxStatistics:
    """Return the sums at several temperatures, and the entropy at temperature 1.

    Args:
        logits: the n distributions.
        temperatures: in any order; 1 is always added. An exponential that can be a power of another
            one is computed as such (`shared_exponentials`): the n-th power has n times the relative
            error of its base, 1e-7, and a sum has the average error of its terms.
        workspace: memory to use; its e holds the lowest temperature at the end.
    """
    workspace = workspace or Workspace.of(logits.values, len(logits.values))
    bases_of = bases([*temperatures, 1.0])
    sums = {temperature: _empty_sums(logits) for temperature in bases_of}
    products = _empty_sums(logits)
    for part, values in _tiles(logits, workspace):
        for temperature, e in _powers(
            values, bases_of, workspace.e[part], workspace.tile[1][: len(values)]
        ):
            sums[temperature][part] = _block_sums(e, logits)
            if temperature == 1:
                products[part] = _products(values, e, workspace.tile[2][: len(values)], logits)
    z = {temperature: block_sums.sum(dim=1) for temperature, block_sums in sums.items()}
    # H = log z - sum(e * (logits - row_max)) / z
    entropy = z[1.0].log() - products.sum(dim=1) / z[1.0]
    return SoftmaxStatistics(z, entropy, _mass(logits, workspace, sums[min(bases_of)]))


def _tiles(logits: LogitsWithMax, workspace: Workspace) -> Iterator[tuple[slice, Tensor]]:
    """Yield the rows of each tile, and their logits minus the row maximum, [t, W]."""
    rows, classes = logits.values.shape
    for start in range(0, rows, workspace.tile.shape[1]):
        part = slice(start, min(start + workspace.tile.shape[1], rows))
        values = workspace.tile[0][: part.stop - start]
        torch.sub(logits.values[part].float(), logits.row_max[part, None], out=values[:, :classes])
        values[:, classes:] = LOWEST
        yield part, values


def _powers(
    values: Tensor, bases_of: dict[float, float], e: Tensor, base_e: Tensor
) -> Iterator[tuple[float, Tensor]]:
    """Yield e by falling temperature, each computed from the one before it if possible."""
    last = 0.0
    for temperature, base in bases_of.items():
        if base == temperature:
            _exponentials(values, temperature, e)
        elif base != last:
            _exponentials(values, base, base_e)
            torch.mul(base_e, base_e, out=e)
        else:
            e.mul_(e)
            if base / temperature % 2:
                e.mul_(base_e)
        last = base
        yield temperature, e


def _exponentials(values: Tensor, temperature: float, out: Tensor) -> Tensor:
    # exp2 would take 0.4 of the time. But on a CPU its last bit depends on the address of a number
    # in memory, and so on the rows around it.
    scaled = values
    if temperature != 1:
        scaled = torch.mul(values, 1 / temperature, out=out)
    return torch.exp(scaled, out=out)


def _products(values: Tensor, e: Tensor, out: Tensor, logits: LogitsWithMax) -> Tensor:
    products = _block_sums(torch.mul(e, values, out=out), logits)
    if bool(products.isnan().any()):  # 0 * -inf: a class without mass adds nothing
        products = _block_sums(out.nan_to_num_(nan=0.0), logits)
    return products


def _block_sums(values: Tensor, logits: LogitsWithMax) -> Tensor:
    """Return the sums over each block, [t, blocks], in float32."""
    return values.view(len(values), -1, _block(logits)).sum(dim=2)


def _block(logits: LogitsWithMax) -> int:
    return min(BLOCK, logits.values.shape[1])


def _empty_sums(logits: LogitsWithMax) -> Tensor:
    rows, classes = logits.values.shape
    blocks = padded_width(classes) // _block(logits)
    return logits.values.new_empty((rows, blocks), dtype=torch.float64)


def _mass(logits: LogitsWithMax, workspace: Workspace, sums: Tensor) -> Mass:
    rows = len(logits.values)
    return Mass(workspace.e[:rows].view(rows, -1, _block(logits)), sums, sums.sum(dim=1))
