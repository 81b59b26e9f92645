"""Losses that compare the student's hidden states with the teacher's.

    hidden states of student and teacher [N, D] or [N, *positions, D] ──> loss

Positions are the tokens of a sequence or the pixels of a map. The teacher's states get no gradient.
The arithmetic is in float32 even under autocast, since a distance is a small difference.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from stillroom.objectives.feature_batch import Features, each, pool
from stillroom.objectives.feature_losses import (
    AttentionTransfer,
    FeatureTerm,
    HiddenCosine,
    HiddenMSE,
    Project,
)
from stillroom.objectives.functional.targets import Reduction, reduced
from stillroom.objectives.relation_losses import (
    RelationalAngle,
    RelationalDistance,
    SimilarityPreserving,
)

__all__ = [
    "attention_transfer",
    "hidden_cosine",
    "hidden_mse",
    "pool",
    "rkd_angle",
    "rkd_distance",
    "similarity_preserving",
]


def hidden_mse(
    student: Tensor,
    teacher: Tensor,
    *,
    project: Project | None = None,
    inside: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean over positions and widths of (W h - h')^2.

    Source: FitNets, Romero et al. (2015), arXiv 1412.6550.

    >>> hidden_mse(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 2.0]]))
    tensor(2.)

    Args:
        student: [N, D] or [N, *positions, D].
        teacher: the same, of width D'.
        project: W, for example `torch.nn.Linear(D, D')`, which you train with the student; None
            where the widths are equal.
        inside: [N, *positions], boolean: which positions count, so not the padding; None: all.
        reduction: over the N rows.

    Returns:
        A scalar; [N] with reduction="none".

    Raises:
        ConfigError: after `project`, the two shapes differ.
    """
    return _compared(HiddenMSE(each), [student], [teacher], reduction, project, inside)


def hidden_cosine(
    student: Tensor,
    teacher: Tensor,
    *,
    project: Project | None = None,
    inside: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean over positions of 1 - cos(W h, h'), in [0, 2].

    Source: DistilBERT, Sanh et al. (2019), arXiv 1910.01108.

    >>> hidden_cosine(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]))
    tensor(1.)

    Args, returns and errors as `hidden_mse`.
    """
    return _compared(HiddenCosine(each), [student], [teacher], reduction, project, inside)


def attention_transfer(
    student: Sequence[Tensor],
    teacher: Sequence[Tensor],
    *,
    inside: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Sum over layers of ||a - a'||^2; a is the map of mean squared activations, of length one.

    Where the two differ in depth, only their last maps are compared; of two sizes of images, the
    larger map is averaged down. Source: Zagoruyko and Komodakis (2017), arXiv 1612.03928.

    >>> student = torch.tensor([[[1.0], [0.0]]])  # one row, two positions, width one
    >>> teacher = torch.tensor([[[0.0, 0.0], [2.0, 1.0]]])
    >>> attention_transfer([student], [teacher])
    tensor(2.)

    Args:
        student: each layer's hidden states, [N, *positions, D]; widths may differ.
        teacher: the same of the teacher.
        inside, reduction: as in `hidden_mse`.

    Returns:
        A scalar; [N] with reduction="none". In [0, 4] for each layer.

    Raises:
        ConfigError: states without positions, or sequences of different lengths.
    """
    return _compared(AttentionTransfer(), student, teacher, reduction, None, inside)


def rkd_distance(student: Tensor, teacher: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Huber loss between distances of rows, each divided by their mean over all pairs.

    Source: relational knowledge distillation, Park et al. (2019), arXiv 1904.05068.

    >>> student = torch.tensor([[0.0], [1.0], [3.0]])
    >>> rkd_distance(student, 10 * student)  # distances over their mean are equal
    tensor(0.)

    Args:
        student: [N, D], one vector per row; `pool` averages positions.
        teacher: [N, D'].
        reduction: over the N rows, each of which is a mean over its pairs.

    Returns:
        A scalar; [N] with reduction="none".
    """
    return _compared(RelationalDistance(), [student], [teacher], reduction)


def rkd_angle(student: Tensor, teacher: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Huber loss between the cosines of the angles that triples of rows form: N^3 of them.

    Source: as `rkd_distance`.

    >>> student = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    >>> turned = student @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    >>> rkd_angle(student, turned)
    tensor(0.)

    Args and returns as `rkd_distance`.
    """
    return _compared(RelationalAngle(), [student], [teacher], reduction)


def similarity_preserving(
    student: Tensor, teacher: Tensor, *, reduction: Reduction = "mean"
) -> Tensor:
    """||G - G'||^2 / N^2, where G = F F^T, with rows of length one, has the rows' similarities.

    Source: Tung and Mori (2019), arXiv 1907.09682.

    >>> similarity_preserving(torch.eye(2), torch.ones(2, 1))  # G: 1, 0; G': 0.71, 0.71
    tensor(0.2929)

    Args and returns as `rkd_distance`.
    """
    return _compared(SimilarityPreserving(), [student], [teacher], reduction)


def _compared(
    term: FeatureTerm,
    student: Sequence[Tensor],
    teacher: Sequence[Tensor],
    reduction: Reduction,
    project: Project | None = None,
    inside: Tensor | None = None,
) -> Tensor:
    ours = Features.of(student, inside).precise()
    theirs = Features.of([states.detach() for states in teacher], inside).precise()
    with torch.autocast(ours.pooled.device.type, enabled=False):
        return reduced(term(ours, theirs, project or _unchanged), reduction)


def _unchanged(states: Tensor) -> Tensor:
    return states
