"""Row maxima: finds the maximum of each row, and of each block of a row.

    logits [n, C] ──with_row_max───> LogitsWithMax, the input of sums of exponentials
                  ──padded_logits──> PaddedLogits, the input of the search for the k largest

A logit that is NaN or +inf is refused here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import SoftLabelError

BLOCK = 128
MAXIMA_BLOCK = 32


@dataclass(slots=True)
class LogitsWithMax:
    """Unchanged logits and the maximum of each row.

    Attributes:
        values: [n, C], logits of any float type; -inf marks a class without mass.
        row_max: [n], float32, the largest logit of each row, finite.
    """

    values: Tensor
    row_max: Tensor


@dataclass(slots=True)
class PaddedLogits:
    """Logits in float32, padded to whole blocks.

    Logits that already have this form are not copied.

    Attributes:
        values: [n, W]; padding is -inf.
        maxima: [n, W / m], the maximum of each m classes. m is 32, or W if W is no multiple of 32.
        row_max: [n], the largest logit of each row, finite.
    """

    values: Tensor
    maxima: Tensor
    row_max: Tensor


def padded_width(classes: int) -> int:
    """Return W, the width of a row that holds all classes in whole blocks."""
    block = min(BLOCK, classes)
    return -(-classes // block) * block


def with_row_max(logits: Tensor, first: int = 0) -> LogitsWithMax:
    """Return the logits with the maximum of each row.

    Args:
        logits: [n, C].
        first: the number that an error gives to row 0.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    return LogitsWithMax(logits, require_finite(logits.amax(dim=1).float(), first))


def padded_logits(logits: Tensor, first: int = 0, out: Tensor | None = None) -> PaddedLogits:
    """Return padded logits with the maxima of their blocks; copy the logits only if necessary.

    Args:
        logits: [n, C].
        first: the number that an error gives to row 0.
        out: [n, W], float32, memory for a copy.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    rows, classes = logits.shape
    width, values = padded_width(classes), logits
    if logits.dtype != torch.float32 or width != classes or not logits.is_contiguous():
        values = logits.new_empty((rows, width), dtype=torch.float32) if out is None else out
        values[:, classes:] = -torch.inf
        values[:, :classes] = logits
    block = MAXIMA_BLOCK if width % MAXIMA_BLOCK == 0 else width
    maxima = values.view(rows, width // block, block).amax(dim=2)
    return PaddedLogits(values, maxima, require_finite(maxima.amax(dim=1), first))


def require_finite(row_max: Tensor, first: int = 0) -> Tensor:
    """Return the rows' maxima [n] unchanged; an error gives row 0 the number `first`.

    Raises:
        SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
    """
    is_finite = torch.isfinite(row_max)  # the maximum of a row with NaN is NaN
    if not bool(is_finite.all()):
        row = first + int(torch.argmin(is_finite.int()))
        raise SoftLabelError(
            f"the teacher's answer to row {row} of a batch holds NaN or infinity. "
            "Check the teacher's weights and the scale of its inputs."
        )
    return row_max
