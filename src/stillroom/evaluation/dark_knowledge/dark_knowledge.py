"""Dark knowledge: collects all results on the teacher's dark knowledge in one document.

answers of teacher, students, controls ──dark_knowledge──> DarkKnowledge ──asdict──> JSON
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from stillroom.evaluation.dark_knowledge.class_pairs import Pair, surprising_pairs
from stillroom.evaluation.dark_knowledge.similarity import mean_soft_labels, most_alike
from stillroom.evaluation.dark_knowledge.transfer_share import TransferShare, transfer_share
from stillroom.evaluation.dark_knowledge.tree import Tree, tree
from stillroom.evaluation.validate_arrays import Probabilities


@dataclass(frozen=True, slots=True)
class Grid:
    """Mean soft labels of some classes: row `i` is the mean over the examples of `classes[i]`."""

    classes: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class DarkKnowledge:
    """Which classes the teacher finds similar, and how much of this the student has.

    Attributes:
        classes: the number of classes.
        grid: the mean soft labels of the most similar classes.
        tree: the tree of all classes that have an example.
        pairs: the most surprising pairs of classes.
        learnt: the shares of the dark knowledge that the student and its control learned.
    """

    classes: int
    grid: Grid
    tree: Tree
    pairs: tuple[Pair, ...]
    learnt: TransferShare


def dark_knowledge(
    teacher: NDArray[Any],
    student: NDArray[Any],
    control: NDArray[Any],
    labels: NDArray[Any],
    classes: Sequence[str],
    most_in_grid: int,
    most_pairs: int,
) -> DarkKnowledge:
    """Return the dark knowledge of the teacher, and the share that the student has.

    Args:
        teacher: [N, C], the teacher's probabilities.
        student, control: [S, N, C], the same for both, on the same examples and with S seeds each.
        labels: [N], indices of the true classes.
        classes: the C names.
        most_in_grid: how many classes the grid may have.
        most_pairs: how many pairs to return.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    similarity = mean_soft_labels(teacher, labels)
    return DarkKnowledge(
        classes=len(similarity),
        grid=_grid(similarity, classes, most_in_grid),
        tree=tree(similarity, classes),
        pairs=surprising_pairs(teacher, labels, classes, most_pairs),
        learnt=transfer_share(teacher, student, control, labels),
    )


def _grid(similarity: Probabilities, classes: Sequence[str], most: int) -> Grid:
    in_grid = most_alike(similarity, most)
    return Grid(
        tuple(classes[at] for at in in_grid),
        tuple(tuple(row) for row in similarity[in_grid][:, in_grid].tolist()),
    )
