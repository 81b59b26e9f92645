"""Peaks: logits in, what is largest in each row, and in each few of its logits, out.

    logits [n, C] ──peaked──> Peaked, all that sums of exponentials need
                  ──load────> Loaded, from which the k largest are found

A logit of NaN or +inf ends here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import SoftLabelError

BLOCK = 128
MAXIMA_BLOCK = 32


@dataclass(slots=True)
class Peaked:
    """Logits as they came.

    Attributes:
        logits: [n, C] of any float type; -inf marks a class without mass.
        peak: [n], float32, the largest of each row, finite.
    """

    logits: Tensor
    peak: Tensor


@dataclass(slots=True)
class Loaded:
    """Logits in float32, padded to whole blocks: the teacher's own memory where they are so.

    Attributes:
        values: [n, W]; padding is -inf.
        maxima: [n, W / m], of each m classes: m is 32, or W where that is no multiple of 32.
        peak: [n], the largest, finite.
    """

    values: Tensor
    maxima: Tensor
    peak: Tensor


def padded(classes: int) -> int:
    """Return W, the width of a row that holds all classes in whole blocks."""
    block = min(BLOCK, classes)
    return -(-classes // block) * block


def peaked(logits: Tensor, first: int = 0) -> Peaked:
    """Find each row's maximum.

    Args:
        logits: [n, C].
        first: what an error calls row 0.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    return Peaked(logits, finite(logits.amax(dim=1).float(), first))


def load(logits: Tensor, first: int = 0, out: Tensor | None = None) -> Loaded:
    """Find what is largest in each few logits; copy them only where they must be.

    Args:
        logits: [n, C].
        first: what an error calls row 0.
        out: [n, W], float32, for a copy.

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
    return Loaded(values, maxima, finite(maxima.amax(dim=1), first))


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
