"""Feature-based terms: the student's hidden states against the teacher's.

    Features of student and teacher ──projected to the teacher's width──> term ──> [N]

`project` is a learned linear map where widths differ, and the identity where they are equal. It is
trained with the student and discarded afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.errors import ConfigError
from stillroom.objectives.feature_batch import ChooseStates, Features

Project = Callable[[Tensor], Tensor]


class FeatureTerm(Protocol):
    """A loss that compares the features of student and teacher, row by row."""

    @property
    def projects(self) -> bool:
        """Whether the term maps the student's features with `project`."""
        ...

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return the loss of each row, [N].

        Raises:
            ConfigError: the features do not fit each other.
        """
        ...


@dataclass(frozen=True, slots=True)
class HiddenMSE:
    """Mean over positions and widths of (project(h) - h')^2.

    Source: FitNets, Romero et al. (2015), arXiv 1412.6550; on the last layer as in TinyBERT (2020),
    arXiv 1909.10351.

    Attributes:
        choose: pooled features, or each position.
    """

    choose: ChooseStates
    projects: ClassVar[bool] = True

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return the loss of each row, [N]."""
        chosen = self.choose(student)
        ours, theirs = _pair(project(chosen.states), self.choose(teacher).states)
        return chosen.mean((ours - theirs).square())


@dataclass(frozen=True, slots=True)
class HiddenCosine:
    """Mean over positions of 1 - cos(project(h), h').

    Source: DistilBERT, Sanh et al. (2019), arXiv 1910.01108.

    Attributes:
        choose: as in `HiddenMSE`.
    """

    choose: ChooseStates
    projects: ClassVar[bool] = True

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return the loss of each row, [N]; in [0, 2]."""
        chosen = self.choose(student)
        ours, theirs = _pair(project(chosen.states), self.choose(teacher).states)
        return chosen.mean(1 - functional.cosine_similarity(ours, theirs, dim=-1))


@dataclass(frozen=True, slots=True)
class AttentionTransfer:
    """Sum over layers of the squared distance between normalised maps of mean squared activation.

    Where networks differ in depth, only their last maps are compared; where maps differ in size,
    the larger one is averaged down. Source: Zagoruyko and Komodakis (2017), arXiv 1612.03928.
    """

    projects: ClassVar[bool] = False

    def __call__(self, student: Features, teacher: Features, project: Project) -> Tensor:
        """Return the loss of each row, [N]; in [0, 4] for each layer."""
        ours, theirs = _maps(student), _maps(teacher)
        if len(ours) != len(theirs):
            ours, theirs = ours[-1:], theirs[-1:]
        distances = [_between(a, b) for a, b in zip(ours, theirs, strict=True)]
        return torch.stack(distances).sum(dim=0)


def _pair(ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    if ours.shape != theirs.shape:
        raise ConfigError(
            f"The student's features are {_shape(ours)} and the teacher's {_shape(theirs)}, so "
            "their positions cannot be compared. Set objective.positions=pooled."
        )
    return ours, theirs


def _maps(features: Features) -> list[Tensor]:
    """Return the mean squared activation at each position, of the layers that have positions."""
    maps = [state.square().mean(dim=-1) for state in features.hidden if state.ndim > 2]
    if features.inside is not None:
        maps = [map_.masked_fill(~features.inside, 0.0) for map_ in maps]
    if not maps:
        raise ConfigError(
            "attention_transfer compares maps, but one of the models has none. Choose networks "
            "with positions, such as resnet, and teacher.mode=live; or use "
            "objective.terms.hidden_mse instead."
        )
    return maps


def _between(ours: Tensor, theirs: Tensor) -> Tensor:
    if ours.shape != theirs.shape:
        smallest = tuple(map(min, ours.shape[1:], theirs.shape[1:]))
        ours, theirs = _averaged(ours, smallest), _averaged(theirs, smallest)
    flat = [functional.normalize(one.flatten(1), dim=1) for one in (ours, theirs)]
    return (flat[0] - flat[1]).square().sum(dim=1)


def _averaged(map_: Tensor, size: tuple[int, ...]) -> Tensor:
    if map_.ndim != 3 or len(size) != 2:
        raise ConfigError(
            f"The attention maps are {_shape(map_)}, and those of the other network have another "
            "number of positions, but only images can be averaged down. Choose networks with the "
            "same number of positions."
        )
    return functional.adaptive_avg_pool2d(map_[:, None], (size[0], size[1]))[:, 0]


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape[1:]))
