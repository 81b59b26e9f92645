"""Mass: logits in, unnormalised probabilities with exact enough sums out.

    Peaked ──tiles that fit a core's cache──> exp((logits - peak) / T) ──> Mass(e, sums, z)
                                                                       ──> entropy

Exponentials and the sums over blocks of 128 classes are float32, sums over blocks float64: each
p is right to a relative 1e-6, where a softmax in float32 alone is off by 1e-5 over 262,144
classes. With the blocks' sums a point of the cumulative mass is found without walking over every
class. All of it runs on the device that the logits are on.

Every pass over a tile finds it in the cache. The memory to write to is given: over many chunks,
fresh pages cost more than the arithmetic does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.row_max import BLOCK, Peaked, padded
from stillroom.softlabels.sparsify.shared_exponentials import bases

# Logits passed over at once: 2 MB, half of what two cores keep nearest to them.
TILE = 2**19
# Stands for -inf: its e is 0 at any temperature in use, and 0 * LOWEST is 0 in the entropy.
LOWEST = -1e30


@dataclass(frozen=True, slots=True)
class Room:
    """Memory to work in, float32, of rows W wide.

    Attributes:
        e: [rows, W], for what outlives a pass.
        tile: [3, t, W], for what does not.
    """

    e: Tensor
    tile: Tensor

    @classmethod
    def of(cls, logits: Tensor, rows: int) -> "Room":
        """Return room for so many rows of logits, on their device."""
        width = padded(logits.shape[1])
        # Elsewhere a pass costs by the calls that it takes.
        at_once = max(1, TILE // width) if logits.device.type == "cpu" else rows
        return cls(
            logits.new_empty((rows, width), dtype=torch.float32),
            logits.new_empty((3, min(at_once, rows), width), dtype=torch.float32),
        )


@dataclass(slots=True)
class Mass:
    """exp((logits - peak) / T) and its sums: p = e / z.

    Attributes:
        e: [n, blocks, block], float32.
        sums: [n, blocks], float64.
        z: [n], float64.
    """

    e: Tensor
    sums: Tensor
    z: Tensor


@dataclass(frozen=True, slots=True)
class Survey:
    """What several temperatures say of n distributions.

    Attributes:
        z: [n], float64, by temperature.
        entropy: [n], float64, in nats, at temperature 1.
        lowest: the mass at the lowest of the temperatures.
    """

    z: dict[float, Tensor]
    entropy: Tensor
    lowest: Mass


def mass(of: Peaked, temperature: float, room: Room | None = None) -> Mass:
    """Return the unnormalised probabilities at a temperature."""
    room = room or Room.of(of.logits, len(of.logits))
    sums = _empty_sums(of)
    for part, values in _tiles(of, room):
        sums[part] = _summed(_exponentials(values, temperature, room.e[part]), of)
    return _mass(of, room, sums)


def survey(of: Peaked, temperatures: Sequence[float], room: Room | None = None) -> Survey:
    """Return the sums at several temperatures, and the entropy.

    Args:
        of: the logits.
        temperatures: in any order; 1 is always among them. What can be a power of another
            exponential is one (`powers`): the n-th power has n times its relative error, 1e-7, and
            the sums the average of those.
        room: to work in; its e ends as that of the lowest temperature.
    """
    room = room or Room.of(of.logits, len(of.logits))
    based = bases([*temperatures, 1.0])
    sums = {temperature: _empty_sums(of) for temperature in based}
    products = _empty_sums(of)
    for part, values in _tiles(of, room):
        for temperature, e in _powers(values, based, room.e[part], room.tile[1][: len(values)]):
            sums[temperature][part] = _summed(e, of)
            if temperature == 1:
                products[part] = _products(values, e, room.tile[2][: len(values)], of)
    z = {temperature: of_blocks.sum(dim=1) for temperature, of_blocks in sums.items()}
    # H = log z - sum(e * (logits - peak)) / z
    entropy = z[1.0].log() - products.sum(dim=1) / z[1.0]
    return Survey(z, entropy, _mass(of, room, sums[min(based)]))


def _tiles(of: Peaked, room: Room) -> Iterator[tuple[slice, Tensor]]:
    """Yield logits less their maximum, [t, W], and which rows they are of."""
    rows, classes = of.logits.shape
    for start in range(0, rows, room.tile.shape[1]):
        part = slice(start, min(start + room.tile.shape[1], rows))
        values = room.tile[0][: part.stop - start]
        torch.sub(of.logits[part].float(), of.peak[part, None], out=values[:, :classes])
        values[:, classes:] = LOWEST
        yield part, values


def _powers(
    values: Tensor, based: dict[float, float], e: Tensor, base: Tensor
) -> Iterator[tuple[float, Tensor]]:
    """Yield e by falling temperature, each from the one before where it can be."""
    last = 0.0
    for temperature, of in based.items():
        if of == temperature:
            _exponentials(values, temperature, e)
        elif of != last:
            _exponentials(values, of, base)
            torch.mul(base, base, out=e)
        else:
            e.mul_(e)
            if of / temperature % 2:
                e.mul_(base)
        last = of
        yield temperature, e


def _exponentials(values: Tensor, temperature: float, out: Tensor) -> Tensor:
    # Not exp2, which takes 0.4 of the time: on a CPU its last bit depends on where in the memory
    # a number lies, and so on the rows around it.
    scaled = values
    if temperature != 1:
        scaled = torch.mul(values, 1 / temperature, out=out)
    return torch.exp(scaled, out=out)


def _products(values: Tensor, e: Tensor, out: Tensor, of: Peaked) -> Tensor:
    products = _summed(torch.mul(e, values, out=out), of)
    if bool(products.isnan().any()):  # 0 * -inf: a class without mass adds nothing
        products = _summed(out.nan_to_num_(nan=0.0), of)
    return products


def _summed(values: Tensor, of: Peaked) -> Tensor:
    """Return the sums over blocks, [t, blocks], as float32 has them."""
    return values.view(len(values), -1, _block(of)).sum(dim=2)


def _block(of: Peaked) -> int:
    return min(BLOCK, of.logits.shape[1])


def _empty_sums(of: Peaked) -> Tensor:
    rows, classes = of.logits.shape
    blocks = padded(classes) // _block(of)
    return of.logits.new_empty((rows, blocks), dtype=torch.float64)


def _mass(of: Peaked, room: Room, sums: Tensor) -> Mass:
    rows = len(of.logits)
    return Mass(room.e[:rows].view(rows, -1, _block(of)), sums, sums.sum(dim=1))
