"""Relation-based terms: distances and angles between rows, in the student and in the teacher.

    pooled [N, D] of the student, pooled [N, D'] of the teacher ──term──> [N]

The widths may differ. The relations are those between the rows of one micro-batch.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.objectives.feature_batch import Features
from stillroom.objectives.feature_losses import Project


@dataclass(frozen=True, slots=True)
class RelationalDistance:
    """Huber loss between distances of pairs, each divided by their mean over all pairs.

    Source: RKD-D, Park et al. (2019), arXiv 1904.05068, eq. 6 to 8.
    """

    projects: ClassVar[bool] = False

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return each row's mean over its pairs with every row, [N]."""
        ours, theirs = _distances(student.pooled), _distances(teacher.pooled)
        return functional.smooth_l1_loss(ours, theirs, reduction="none").mean(dim=1)


@dataclass(frozen=True, slots=True)
class RelationalAngle:
    """Huber loss between the cosines of the angles that triples of rows form.

    It computes N^3 angles, so a batch can have a few hundred rows. Source: RKD-A, Park et al.
    (2019), eq. 9 and 10.
    """

    projects: ClassVar[bool] = False

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return each row's mean over the angles at it, [N]."""
        ours, theirs = _cosines(student.pooled), _cosines(teacher.pooled)
        return functional.smooth_l1_loss(ours, theirs, reduction="none").mean(dim=(1, 2))


@dataclass(frozen=True, slots=True)
class SimilarityPreserving:
    """Squared difference of the rows' similarities, F F^T with rows of length one, over N.

    With a mean over rows it is ||G - G'||^2 / N^2. Source: Tung and Mori (2019), arXiv 1907.09682.
    """

    projects: ClassVar[bool] = False

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return each row's mean over its similarities with every row, [N]."""
        ours, theirs = _similarities(student.pooled), _similarities(teacher.pooled)
        return (ours - theirs).square().mean(dim=1)


def _distances(features: Tensor) -> Tensor:
    """Return Euclidean distances [N, N] over their mean; zero where all rows are equal."""
    squared = features.square().sum(dim=1)
    gram = features @ features.T
    apart = (squared[:, None] + squared - 2 * gram).clamp(min=0)
    # The slope of the root is infinite at 0, the distance of a row to itself.
    own = torch.eye(len(features), dtype=torch.bool, device=features.device)
    distances = apart.masked_fill(own, 1.0).clamp(min=1e-12).sqrt().masked_fill(own, 0.0)
    pairs = max(len(features) * (len(features) - 1), 1)
    return distances / (distances.sum() / pairs).clamp(min=1e-12)


def _cosines(features: Tensor) -> Tensor:
    """Return [N, N, N]: at row i, the cosine of the angle between rows j and k."""
    apart = features[None] - features[:, None]
    unit = functional.normalize(apart, dim=2)
    return unit @ unit.transpose(1, 2)


def _similarities(features: Tensor) -> Tensor:
    return functional.normalize(features @ features.T, dim=1)
