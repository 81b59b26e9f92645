import json
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.tree import Join, Tree, pruned, tree


def similarity(alike: dict[str, float], classes: str) -> Any:
    """Return a symmetric matrix with the named pairs; the diagonal has the rest."""
    matrix = np.zeros((len(classes), len(classes)))
    for pair, probability in alike.items():
        one, other = (classes.index(name) for name in pair)
        matrix[one, other] = matrix[other, one] = probability
    return matrix + np.diag(1 - matrix.sum(axis=1))


def test_groups_join_at_the_mean_of_what_their_classes_give_each_other() -> None:
    # a-c first, at .2; b-d at .1; the two groups at (.04 + .02 + .03 + .01) / 4 = .025.
    matrix = similarity(
        {"ac": 0.2, "bd": 0.1, "ab": 0.04, "ad": 0.02, "cb": 0.03, "cd": 0.01}, "abcd"
    )
    joined = tree(matrix, list("abcd"))
    assert joined.leaves == ("a", "c", "b", "d")
    assert [(join.first, join.second) for join in joined.joins] == [(0, 1), (2, 3), (4, 5)]
    heights = [join.likeness for join in joined.joins]
    assert heights == pytest.approx([0.2, 0.1, 0.025], abs=1e-12)


def test_both_directions_count_the_same() -> None:
    # b looks like a at .3, a never looks like b: their likeness is .15.
    matrix = np.array([[1.0, 0, 0], [0.3, 0.7, 0], [0.1, 0.1, 0.8]])
    assert tree(matrix, list("abc")).joins[0].likeness == pytest.approx(0.15)


def test_classes_without_an_example_are_left_out() -> None:
    matrix = np.array([[0.9, 0.0, 0.1], [0, 0, 0], [0.3, 0.1, 0.6]])
    joined = tree(matrix, ["a", "none", "c"])
    assert joined.leaves == ("a", "c")
    assert joined.joins == (Join(0, 1, pytest.approx(0.2)),)


def test_a_single_class_is_a_leaf() -> None:
    matrix = np.array([[0.9, 0.1], [0, 0]])
    assert tree(matrix, ["a", "b"]) == Tree(("a",), ())


def test_ties_keep_the_classes_in_order() -> None:
    matrix = np.full((6, 6), 0.1) + 0.4 * np.eye(6)
    assert tree(matrix, list("abcdef")).leaves == tuple("abcdef")
    blocks = similarity({"af": 0.2, "be": 0.2, "cd": 0.2}, "abcdef")
    assert tree(blocks, list("abcdef")).leaves == tuple("afbecd")


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="1 class names for 2"):
        tree(np.eye(2), ["a"])


def test_a_thousand_classes_that_join_one_by_one_make_a_tree() -> None:
    # Class k is like every class before it at 1 / (k + 2): each join adds one leaf to all others.
    count = 1000
    later = np.maximum.outer(np.arange(count), np.arange(count))
    matrix = 0.5 / (later + 2) / count
    joined = tree(matrix, [f"class {at}" for at in range(count)])
    assert joined.leaves[:3] == ("class 0", "class 1", "class 2")
    assert [join.second for join in joined.joins] == list(range(1, count))
    assert json.loads(json.dumps(asdict(joined)))["leaves"][-1] == "class 999"


def test_a_pruned_tree_keeps_what_joins_first_and_never_half_of_a_pair() -> None:
    matrix = similarity({"ac": 0.2, "bd": 0.1, "ef": 0.05, "ab": 0.04, "ae": 0.02}, "abcdef")
    whole = tree(matrix, list("abcdef"))
    four = pruned(whole, 5)  # a fifth leaf would be e without f
    assert four.leaves == ("a", "c", "b", "d")
    # Of the four pairs between the groups only a-b is not 0: .04 / 4.
    assert [join.likeness for join in four.joins] == pytest.approx([0.2, 0.1, 0.01])
    assert (four.joins[2].first, four.joins[2].second) == (4, 5)
    assert pruned(whole, 6) is whole
    assert pruned(whole, 2).leaves == ("a", "c")
    with pytest.raises(DataError, match="2 or more"):
        pruned(whole, 1)


@pytest.mark.parametrize(
    "joins",
    [(), (Join(0, 1, 0.1), Join(0, 3, 0.1)), (Join(0, 4, 0.1), Join(1, 2, 0.1))],
)
def test_what_is_no_tree_is_refused(joins: tuple[Join, ...]) -> None:
    with pytest.raises(DataError, match="damaged"):
        Tree(("a", "b", "c"), joins)


@st.composite
def matrices(draw: st.DrawFn) -> Any:
    count = draw(st.integers(2, 9))
    weights = draw(arrays(np.float64, (count, count), elements=st.integers(0, 9).map(float)))
    weights += 20 * np.eye(count)
    return weights / weights.sum(axis=1, keepdims=True)


@given(matrices(), st.integers(2, 9))
def test_every_join_is_the_mean_over_the_classes_below_it(matrix: Any, most: int) -> None:
    names = [str(at) for at in range(len(matrix))]
    joined = tree(matrix, names)
    assert sorted(joined.leaves) == names
    below = [{int(leaf)} for leaf in joined.leaves]
    for join in joined.joins:
        one, other = below[join.first], below[join.second]
        both = [(matrix[a, b] + matrix[b, a]) / 2 for a in one for b in other]
        assert join.likeness == pytest.approx(np.mean(both), abs=1e-9)
        below.append(one | other)
    likest = max((matrix[a, b] + matrix[b, a]) / 2 for a, b in combinations(range(len(matrix)), 2))
    assert joined.joins[0].likeness == pytest.approx(likest, abs=1e-12)
    assert len(pruned(joined, most).leaves) <= most
