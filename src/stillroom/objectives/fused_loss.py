"""The fused loss: computes loss and gradients from hidden states, chunk by chunk.

    hidden [N, D], weight [V, D] ──chunk of rows──> z [n, V] ──> Gathered ──loss──> its gradient
                                                       └──── in place ────> dz ──> dhidden, dweight

A loss is a function of `GatheredLogits`, so a few numbers per row give its gradient by z:

    dz = sum_T (dL/drest_T) softmax of the rest (z / T) / T, and dL/dhead and dL/dlabel at their ids

Memory holds the logits of one chunk at a time, and the gradient overwrites them. The number of
matrix products is that of an ordinary loss: one in the forward pass, two in the backward pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from stillroom.objectives.gathered_logits import GatheredLogits
from stillroom.objectives.mixture import BatchCounts, Mixture
from stillroom.objectives.targets.soft_target import SoftTarget

# The logits of a chunk take 256 MB in float32. With smaller chunks, the gradient of the output
# matrix would be read and written more often.
CHUNK = 2**26

RowsLoss = Callable[[GatheredLogits, slice], Tensor]


@dataclass(frozen=True, slots=True)
class OutputLayer:
    """The last layer: z = hidden @ weight.T + bias.

    Attributes:
        weight: [V, D].
        bias: [V], or None.
    """

    weight: Tensor
    bias: Tensor | None = None


@torch.compiler.disable
def fused_loss(
    hidden: Tensor,
    head: OutputLayer,
    labels: Tensor,
    target: SoftTarget,
    loss: Mixture,
    counts: BatchCounts | None = None,
) -> Tensor:
    """Return the mean loss of N rows, as `loss(hidden @ weight.T + bias, labels, target)` would.

    Under autocast the products have its dtype; sums and losses are float32. The gradients are
    computed in the same pass, so `backward` can be called only once. A compiled model calls this
    function uncompiled, between its own graphs: matrix products take nearly all of its time, and
    its chunks are a loop.

    Args:
        hidden: [N, D].
        head: the output layer, over V classes.
        labels: [N], int64, -1 where a row has none.
        target: [N, k].
        loss: the mixture.
        counts: those of the whole batch; None where these rows are the whole batch.
    """
    counts, device = counts or BatchCounts.of(labels), hidden.device.type
    autocast = torch.is_autocast_enabled(device)
    kind = torch.get_autocast_dtype(device) if autocast else hidden.dtype

    def of_rows(gathered: GatheredLogits, rows: slice) -> Tensor:
        return loss.of_gathered(gathered, target.rows(rows), labels[rows], counts)

    value: Tensor = _Fused.apply(
        hidden,
        head.weight,
        head.bias,
        target.ids,
        labels,
        loss.student_temperatures,
        of_rows,
        kind,
    )
    return value


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        ids: Tensor,
        labels: Tensor,
        temperatures: Sequence[float],
        loss: RowsLoss,
        kind: torch.dtype,
    ) -> Tensor:
        needed = ctx.needs_input_grad[:3]
        with torch.autocast(hidden.device.type, enabled=False):
            work = _Products.of(hidden, OutputLayer(weight, bias), kind, needed)
            total = hidden.new_zeros((), dtype=work.precision)
            size = max(1, CHUNK // len(weight))
            for start in range(0, len(hidden), size):
                rows = slice(start, min(start + size, len(hidden)))
                z = work.logits(rows)
                value, dz = _gradient(z, ids[rows], labels[rows], temperatures, _of(loss, rows))
                total += value
                work.backward(rows, dz)
        kinds = (hidden.dtype, weight.dtype, None if bias is None else bias.dtype)
        ctx.grads = [
            None if one is None else one.to(kind)
            for one, kind in zip(work.grads, kinds, strict=True)
        ]
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.grads is None:
            raise RuntimeError(
                "The fused loss keeps its gradients for one backward pass only. "
                "Compute the loss again before a second one."
            )
        grads, ctx.grads = ctx.grads, None
        return (*(None if one is None else one.mul_(grad) for one in grads), *[None] * 5)


def _of(loss: RowsLoss, rows: slice) -> Callable[[GatheredLogits], Tensor]:
    return lambda gathered: loss(gathered, rows)


@dataclass(slots=True)
class _Products:
    """The matrix products of the last layer, in one dtype, and the gradients so far.

    Attributes:
        hidden: [N, D].
        head: weight [V, D] and bias [V].
        grads: the gradients of hidden, in its own dtype, and of weight and bias, in `precision`, so
            that their sums are not rounded after each chunk; None where no gradient is needed.
        precision: the dtype of logits, losses and sums.
    """

    hidden: Tensor
    head: OutputLayer
    grads: list[Tensor | None]
    precision: torch.dtype

    @classmethod
    def of(
        cls, hidden: Tensor, head: OutputLayer, kind: torch.dtype, needed: Sequence[bool]
    ) -> "_Products":
        bias = None if head.bias is None else head.bias.to(kind)
        precision = torch.promote_types(kind, torch.float32)
        new = (
            torch.empty_like if len(hidden) else torch.zeros_like
        )  # without rows nothing is written
        kinds = ((hidden, hidden.dtype), (head.weight, precision), (head.bias, precision))
        grads = [
            new(one, dtype=own) if one is not None and is_needed else None
            for (one, own), is_needed in zip(kinds, needed, strict=True)
        ]
        return cls(hidden.to(kind), OutputLayer(head.weight.to(kind), bias), grads, precision)

    def logits(self, rows: slice) -> Tensor:
        """Return z [n, V] of some rows, in new memory."""
        z = self.hidden[rows] @ self.head.weight.T
        if self.head.bias is not None:
            z += self.head.bias
        return z.to(self.precision)

    def backward(self, rows: slice, dz: Tensor) -> None:
        """Add the gradients of some rows; the call for the first rows must come first."""
        d_hidden, d_weight, d_bias = self.grads
        d, first = dz.to(self.head.weight.dtype), rows.start == 0
        if d_hidden is not None:
            d_hidden[rows] = d @ self.head.weight
        if d_weight is not None and d_weight.dtype == d.dtype:
            d_weight.addmm_(d.T, self.hidden[rows], beta=0 if first else 1)
        elif d_weight is not None:
            product = d.T @ self.hidden[rows]
            d_weight.copy_(product) if first else d_weight.add_(product)
        if d_bias is not None:
            total = dz.sum(dim=0)
            d_bias.copy_(total) if first else d_bias.add_(total)


def _gradient(
    z: Tensor,
    ids: Tensor,
    labels: Tensor,
    temperatures: Sequence[float],
    loss: Callable[[GatheredLogits], Tensor],
) -> tuple[Tensor, Tensor]:
    """Return the loss of a chunk and its gradient by z, [n, V], which overwrites z."""
    at = labels.clamp(min=0)[:, None]
    head, label = z.gather(1, ids), z.gather(1, at)[:, 0]
    z.scatter_(1, ids, -torch.inf)
    exponentials, rest = [], {}
    for last, temperature in enumerate(temperatures, 1 - len(temperatures)):
        # The last temperature may overwrite the logits.
        e = z.div_(temperature) if last == 0 else z / temperature
        peak = e.amax(dim=1).clamp(min=torch.finfo(e.dtype).min)  # all is -inf where k = V
        sums = e.sub_(peak[:, None]).exp_().sum(dim=1)
        rest[temperature] = peak + sums.log()
        exponentials.append((e, sums, temperature))
    leaves = [head, label, *rest.values()]
    with torch.enable_grad():
        for leaf in leaves:
            leaf.requires_grad_()
        value = loss(GatheredLogits(head, rest, lambda: label))
    d_head, d_label, *d_rest = torch.autograd.grad(value, leaves, materialize_grads=True)
    for (e, sums, temperature), d in zip(exponentials, d_rest, strict=True):
        # 0 / 0 where k = V: then there is no rest.
        e.mul_((d / (temperature * sums)).masked_fill_(sums == 0, 0.0)[:, None])
    dz, *others = (e for e, _, _ in exponentials)
    for other in others:
        dz.add_(other)
    dz.scatter_add_(1, ids, d_head).scatter_add_(1, at, d_label[:, None])
    return value.detach(), dz
