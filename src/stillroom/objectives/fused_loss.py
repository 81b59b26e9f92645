"""The fused loss: hidden states and the output matrix in, loss and gradients out, chunk by chunk.

    hidden [N, D], weight [V, D] ──chunk of rows──> z [n, V] ──> Gathered ──loss──> its gradient
                                                       └──── in place ────> dz ──> dhidden, dweight

A loss is a function of what `Gathered` holds, so its gradient by z is that of a few numbers a row:

    dz = sum_T (dL/drest_T) softmax of the rest (z / T) / T, and dL/dhead and dL/dlabel at their ids

The logits of a chunk are all that is ever in memory, and they become their own gradient. The matrix
products are those of an ordinary loss: one forwards, two backwards.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from stillroom.objectives.gathered_logits import Gathered
from stillroom.objectives.mixture import Counts, Mixture
from stillroom.objectives.soft_target import SoftTarget

# Logits of a chunk: 256 MB in float32. Fewer rows would read and write the output matrix's
# gradient more often.
CHUNK = 2**26

Rows = Callable[[Gathered, slice], Tensor]


@dataclass(frozen=True, slots=True)
class Head:
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
    head: Head,
    labels: Tensor,
    target: SoftTarget,
    loss: Mixture,
    counts: Counts | None = None,
) -> Tensor:
    """Return the mean loss of N rows, as `loss(hidden @ weight.T + bias, labels, target)` would.

    Under autocast the products are in its type; sums and losses are float32. Gradients are made
    in the same pass, so `backward` may be called once. A compiled model calls it between its own
    graphs, as it is: what it spends is in matrix products, and its chunks are loops.

    Args:
        hidden: [N, D].
        head: the output layer, over V classes.
        labels: [N], int64, -1 where a row has none.
        target: [N, k].
        loss: the mixture.
        counts: of the batch that the rows are a part of; without it, they are all of it.
    """
    counts, device = counts or Counts.of(labels), hidden.device.type
    autocast = torch.is_autocast_enabled(device)
    kind = torch.get_autocast_dtype(device) if autocast else hidden.dtype

    def of_rows(seen: Gathered, rows: slice) -> Tensor:
        return loss.of(seen, target.rows(rows), labels[rows], counts)

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
        loss: Rows,
        kind: torch.dtype,
    ) -> Tensor:
        needed = ctx.needs_input_grad[:3]
        with torch.autocast(hidden.device.type, enabled=False):
            work = _Products.of(hidden, Head(weight, bias), kind, needed)
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
            raise RuntimeError("the fused loss keeps its gradients for one backward pass alone")
        grads, ctx.grads = ctx.grads, None
        return (*(None if one is None else one.mul_(grad) for one in grads), *[None] * 5)


def _of(loss: Rows, rows: slice) -> Callable[[Gathered], Tensor]:
    return lambda seen: loss(seen, rows)


@dataclass(slots=True)
class _Products:
    """The matrix products of the last layer, in one type, and the gradients so far.

    Attributes:
        hidden: [N, D].
        head: weight [V, D] and bias [V].
        grads: of hidden, in its own type, and of weight and bias, in `precision`, lest each chunk
            round their sums; None where none is asked for.
        precision: of logits, losses and sums.
    """

    hidden: Tensor
    head: Head
    grads: list[Tensor | None]
    precision: torch.dtype

    @classmethod
    def of(
        cls, hidden: Tensor, head: Head, kind: torch.dtype, needed: Sequence[bool]
    ) -> "_Products":
        bias = None if head.bias is None else head.bias.to(kind)
        precision = torch.promote_types(kind, torch.float32)
        new = torch.empty_like if len(hidden) else torch.zeros_like  # no rows write to none
        kinds = ((hidden, hidden.dtype), (head.weight, precision), (head.bias, precision))
        grads = [
            new(one, dtype=own) if one is not None and is_needed else None
            for (one, own), is_needed in zip(kinds, needed, strict=True)
        ]
        return cls(hidden.to(kind), Head(head.weight.to(kind), bias), grads, precision)

    def logits(self, rows: slice) -> Tensor:
        """Return z [n, V] of some rows, memory of its own."""
        z = self.hidden[rows] @ self.head.weight.T
        if self.head.bias is not None:
            z += self.head.bias
        return z.to(self.precision)

    def backward(self, rows: slice, dz: Tensor) -> None:
        """Add what some rows give to the gradients; the first ones come first."""
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
    loss: Callable[[Gathered], Tensor],
) -> tuple[Tensor, Tensor]:
    """Return the loss of a chunk and its gradient by z, [n, V], which takes the place of z."""
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
        value = loss(Gathered(head, rest, lambda: label))
    d_head, d_label, *d_rest = torch.autograd.grad(value, leaves, materialize_grads=True)
    for (e, sums, temperature), d in zip(exponentials, d_rest, strict=True):
        # 0 / 0 where k = V: there is no rest to learn of.
        e.mul_((d / (temperature * sums)).masked_fill_(sums == 0, 0.0)[:, None])
    dz, *others = (e for e, _, _ in exponentials)
    for other in others:
        dz.add_(other)
    dz.scatter_add_(1, ids, d_head).scatter_add_(1, at, d_label[:, None])
    return value.detach(), dz
