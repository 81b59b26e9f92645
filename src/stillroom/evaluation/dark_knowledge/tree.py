"""Tree: mean soft labels in, the classes joined by how alike the teacher finds them out.

    similarity [C, C] ──both ways──> likeness ──average linkage──> Tree ──pruned──> a small one

The distance of two classes is 1 - p, where p is the mean probability that one gets on the other's
examples, both ways. Average linkage (Sokal and Michener 1958) of it keeps a meaning for groups: a
join at p says that a class of one group gets p on a class of the other, on average. A distance
in logs would let classes that are both near 0 decide, and their noise.
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
    """Two nodes that become one.

    Attributes:
        first, second: the nodes, by number.
        likeness: mean probability that a class of one gets on a class of the other.
    """

    first: int
    second: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Tree:
    """The classes, and how they join. Of L leaves, node L + j is what join j makes.

    Attributes:
        leaves: names of classes, so ordered that no two lines of a drawing cross.
        joins: L - 1 of them, the most alike first.
    """

    leaves: tuple[str, ...]
    joins: tuple[Join, ...]

    def __post_init__(self) -> None:
        """Refuse what is no tree.

        Raises:
            DataError: a node is joined twice, never, or before it is there.
        """
        joined = [node for join in self.joins for node in (join.first, join.second)]
        early = all(
            0 <= node < len(self.leaves) + at
            for at, join in enumerate(self.joins)
            for node in (join.first, join.second)
        )
        if not early or sorted(joined) != list(range(2 * len(self.leaves) - 2)):
            raise DataError("the tree of the classes is damaged. Run the stage evaluate again.")


def tree(similarity: Probabilities, classes: Sequence[str]) -> Tree:
    """Return the tree of the classes that have an example.

    Args:
        similarity: [C, C], as `mean_soft_labels` returns it.
        classes: the C names.

    Returns:
        The same for the same input. Of two nodes the one with the earlier class is drawn first, so
        that where nothing else decides, the classes keep their order.

    Raises:
        DataError: not one name per class.
    """
    require_class_names(list(classes), len(similarity))
    known = np.flatnonzero(has_examples(similarity))
    if len(known) < 2:
        return Tree(tuple(classes[int(at)] for at in known), ())
    links = _linked(likeness(similarity)[np.ix_(known, known)])
    pairs = _early_first([(int(one), int(other)) for one, other in links[:, :2]])
    order = _leaves(pairs)
    # scipy numbers the leaves as they came, the tree as they are drawn.
    place = {leaf: at for at, leaf in enumerate(order)}
    return Tree(
        tuple(classes[int(known[leaf])] for leaf in order),
        tuple(
            Join(place.get(one, one), place.get(other, other), max(0.0, float(1 - distance)))
            for (one, other), distance in zip(pairs, links[:, 2], strict=True)
        ),
    )


def pruned(found: Tree, most: int) -> Tree:
    """Return the tree of at most `most` of its leaves, those that join first, and no others.

    Raises:
        DataError: `most` is below 2.
    """
    if most < 2:
        raise DataError(f"a tree of {most} leaves joins nothing; ask for 2 or more.")
    if len(found.leaves) <= most:
        return found
    kept = _first_to_join(found, most)
    places: dict[int, int] = {leaf: at for at, leaf in enumerate(kept)}
    joins: list[Join] = []
    for node, join in enumerate(found.joins, start=len(found.leaves)):
        ends = [places[end] for end in (join.first, join.second) if end in places]
        if len(ends) == 2:
            joins.append(Join(ends[0], ends[1], join.likeness))
            places[node] = len(kept) + len(joins) - 1
        elif ends:
            places[node] = ends[0]
    return Tree(tuple(found.leaves[leaf] for leaf in kept), tuple(joins))


def _linked(alike: Probabilities) -> NDArray[Any]:
    """Return [L - 1, 4]: two nodes, their distance and their size, the nearest first."""
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
    """Return the leaves from the first to the last that is met on a walk down the tree."""
    count = len(pairs) + 1
    order: list[int] = []
    # A stack, since a tree of 1,000 classes may be deeper than Python's recursion.
    ahead = [2 * count - 2]
    while ahead:
        node = ahead.pop()
        if node < count:
            order.append(node)
        else:
            ahead += reversed(pairs[node - count])
    return order


def _first_to_join(found: Tree, most: int) -> list[int]:
    """Return the leaves that join first, as they are drawn; a pair is not torn."""
    kept: set[int] = set()
    for join in found.joins:
        new = {end for end in (join.first, join.second) if end < len(found.leaves)}
        if len(kept) + len(new) > most:
            break
        kept |= new
    return sorted(kept)
