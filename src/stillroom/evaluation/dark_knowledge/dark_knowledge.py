"""Found: all that is known of the teacher's dark knowledge, as one document.

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
    """Mean soft labels of some classes: row `i` is of the examples of `classes[i]`."""

    classes: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class DarkKnowledge:
    """What the teacher finds similar to what, and how much of it the student learnt.

    Attributes:
        classes: how many there are.
        grid: the most alike of them.
        tree: all of them that have an example.
        pairs: the most surprising ones.
        learnt: by the student, with and without the teacher.
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
    """Return what there is to see.

    Args:
        teacher: [N, C], probabilities.
        student, control: [S, N, C], of the same examples by as many seeds.
        labels: [N], indices of the true classes.
        classes: the C names.
        most_in_grid: how many classes the grid may have.
        most_pairs: how many pairs to name.

    Raises:
        DataError: shapes that do not match, or values that are no distribution.
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
    shown = most_alike(similarity, most)
    return Grid(
        tuple(classes[at] for at in shown),
        tuple(tuple(row) for row in similarity[shown][:, shown].tolist()),
    )
