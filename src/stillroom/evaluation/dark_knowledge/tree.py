"""Tree: mean soft labels in, a tree that joins the most similar classes first out.

    similarity [C, C] ──both directions──> likeness ──average linkage──> Tree ──pruned──> small Tree

The distance of two classes is 1 - p, where p is the mean probability that one class gets on
examples of the other, over both directions. Average linkage (Sokal and Michener 1958) keeps this
meaning for groups: a join at p says that a class of one group gets p on a class of the other, on
average. With a distance in logs, the noise of pairs that are both near 0 would decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.similarity import has_examples, likeness
from stillroom.evaluation.validate_arrays import Probabilities, require_class_names


@dataclass(frozen=True, slots=True)
class Join:
    """Two nodes that are joined.

    Attributes:
        first, second: the numbers of the nodes.
        likeness: the mean probability that a class of one node gets on a class of the other.
    """

    first: int
    second: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Tree:
    """The classes, and how they join. With L leaves, join j makes node L + j.

    Attributes:
        leaves: the names of the classes, in an order in which no two lines of a drawing cross.
        joins: L - 1 joins, the most similar first.
    """

    leaves: tuple[str, ...]
    joins: tuple[Join, ...]

    def __post_init__(self) -> None:
        """Require a valid tree.

        Raises:
            DataError: a node is joined twice, never, or before it exists.
        """
        joined = [node for join in self.joins for node in (join.first, join.second)]
        early = all(
            0 <= node < len(self.leaves) + at
            for at, join in enumerate(self.joins)
            for node in (join.first, join.second)
        )
        if not early or sorted(joined) != list(range(2 * len(self.leaves) - 2)):
            raise DataError(
                "the tree of the classes is damaged. Run `kedro run --pipeline=evaluate`."
            )


def tree(similarity: Probabilities, classes: Sequence[str]) -> Tree:
    """Return the tree of the classes that have an example.

    Args:
        similarity: [C, C], as `mean_soft_labels` returns it.
        classes: the C names.

    Returns:
        The same tree for the same input. The node with the earlier class is drawn first, so the
        classes keep their order where the joins allow it.

    Raises:
        DataError: there is not one name per class.
    """
    require_class_names(list(classes), len(similarity))
    present = np.flatnonzero(has_examples(similarity))
    if len(present) < 2:
        return Tree(tuple(classes[int(at)] for at in present), ())
    links = _linked(likeness(similarity)[np.ix_(present, present)])
    pairs = _early_first([(int(one), int(other)) for one, other in links[:, :2]])
    order = _leaves(pairs)
    # scipy numbers the leaves in the order of the input, the tree in the order of the drawing.
    place = {leaf: at for at, leaf in enumerate(order)}
    return Tree(
        tuple(classes[int(present[leaf])] for leaf in order),
        tuple(
            Join(place.get(one, one), place.get(other, other), max(0.0, float(1 - distance)))
            for (one, other), distance in zip(pairs, links[:, 2], strict=True)
        ),
    )


def pruned(whole: Tree, most: int) -> Tree:
    """Return the tree of only those leaves that join first, at most `most` of them.

    Raises:
        DataError: `most` is below 2.
    """
    if most < 2:
        raise DataError(f"a tree with {most} leaves has no join; choose 2 or more leaves.")
    if len(whole.leaves) <= most:
        return whole
    leaves = _first_to_join(whole, most)
    places: dict[int, int] = {leaf: at for at, leaf in enumerate(leaves)}
    joins: list[Join] = []
    for node, join in enumerate(whole.joins, start=len(whole.leaves)):
        ends = [places[end] for end in (join.first, join.second) if end in places]
        if len(ends) == 2:
            joins.append(Join(ends[0], ends[1], join.likeness))
            places[node] = len(leaves) + len(joins) - 1
        elif ends:
            places[node] = ends[0]
    return Tree(tuple(whole.leaves[leaf] for leaf in leaves), tuple(joins))


def _linked(alike: Probabilities) -> NDArray[Any]:
    """Return [L - 1, 4]: two nodes, their distance and their size, the smallest distance first."""
    from scipy.cluster.hierarchy import average
    from scipy.spatial.distance import squareform

    return average(squareform(1 - alike, checks=False))


def _early_first(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the nodes of each join so that the one with the earliest leaf comes first."""
    earliest = list(range(len(pairs) + 1))
    ordered = []
    for pair in pairs:
        one, other = sorted(pair, key=earliest.__getitem__)
        earliest.append(earliest[one])
        ordered.append((one, other))
    return ordered


def _leaves(pairs: list[tuple[int, int]]) -> list[int]:
    """Return the leaves in the order in which a walk down the tree meets them."""
    count = len(pairs) + 1
    order: list[int] = []
    # A stack, since a tree of 1,000 classes may be deeper than Python's recursion limit.
    ahead = [2 * count - 2]
    while ahead:
        node = ahead.pop()
        if node < count:
            order.append(node)
        else:
            ahead += reversed(pairs[node - count])
    return order


def _first_to_join(whole: Tree, most: int) -> list[int]:
    """Return the leaves that join first, in drawing order; a pair is never split."""
    leaves: set[int] = set()
    for join in whole.joins:
        new = {end for end in (join.first, join.second) if end < len(whole.leaves)}
        if len(leaves) + len(new) > most:
            break
        leaves |= new
    return sorted(leaves)
