"""Dark knowledge: dark_knowledge.json in, what the teachers find similar, to be shown, out.

{"knowledge": asdict(DarkKnowledge), "shown": [asdict(Shown)], one for each pair}
"""

from dataclasses import dataclass

import numpy as np

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.class_pairs import Pair
from stillroom.evaluation.dark_knowledge.dark_knowledge import DarkKnowledge
from stillroom.evaluation.dark_knowledge.transfer_share import LEAST_NATS, Learnt, Shares
from stillroom.evaluation.dark_knowledge.tree import Tree, pruned
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.io.json.validated_json import checked
from stillroom.reporting import figures
from stillroom.reporting.display_names import LONGEST_IN_TEXT, short
from stillroom.reporting.figures.tree import MOST_LEAVES
from stillroom.reporting.thumbnails import Shown
from stillroom.reporting.units import fine_percent, told

FILE = "dark_knowledge.json"
# Of control and student, as the table's columns stand.
Row = tuple[str, str, tuple[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Document:
    """What the file holds."""

    knowledge: DarkKnowledge
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class SeenPair:
    """A pair that surprises, its example, and its numbers as text."""

    actual: str
    looks_like: str
    here: str
    elsewhere: str
    times: str
    examples: int
    most: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows.

    Attributes:
        classes, in_grid, leaves, in_tree: how many there are, and how many are drawn.
        grid, tree: SVG; "" for a tree of a single class.
        pairs: with an example each.
        learnt: in words.
        shares: rows of the table: what, its meaning, and of control and student the share and its
            interval.
    """

    classes: int
    in_grid: int
    leaves: int
    in_tree: int
    grid: str
    tree: str
    pairs: tuple[SeenPair, ...]
    learnt: str
    shares: tuple[Row, ...]


def section(document: object) -> Section:
    """Return what the page shows.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    given = checked(Document, document, FILE, "evaluate")
    found, shown = given.knowledge, given.shown
    if len(shown) != len(found.pairs) or not _is_square(found):
        raise DataError(f"{FILE} is damaged: it lacks an example or a cell. Run evaluate again.")
    drawn = pruned(found.tree, MOST_LEAVES)
    return Section(
        classes=found.classes,
        in_grid=len(found.grid.classes),
        leaves=len(found.tree.leaves),
        in_tree=len(drawn.leaves),
        grid=_grid(found),
        tree=_tree(drawn),
        pairs=tuple(_seen(pair, one) for pair, one in zip(found.pairs, shown, strict=True)),
        learnt=learnt_in_words(found.learnt),
        shares=_shares(found.learnt),
    )


def learnt_in_words(learnt: Learnt) -> str:
    """Return what was learnt of the dark knowledge, as a sentence or two."""
    shares = learnt.examples
    if shares is None and learnt.nats <= LEAST_NATS:
        return (
            "The teachers tell no wrong class of an example from another (of two classes there is "
            "one alone), so there is nothing of it to learn."
        )
    if shares is None:
        return (
            "The teachers tell the wrong classes apart by so little that these examples cannot "
            "show how much of it the student learnt."
        )
    return (
        f"Of what the teachers tell of the wrong classes, the distilled student's answers hold "
        f"{fine_percent(shares.student.value)}. The same student without a teacher has "
        f"{fine_percent(shares.control.value)} by itself: {_taught_in_words(shares)}"
    )


def _taught_in_words(shares: Shares) -> str:
    taught = shares.taught
    if taught.is_above_zero:
        return f"the soft labels taught it {_points(taught.value, taught.low, taught.high)}."
    if taught.is_below_zero:
        points = _points(-taught.value, -taught.high, -taught.low)
        return f"with the soft labels it knows less of it, by {points}."
    return (
        "whether the soft labels taught it any, these examples cannot show "
        f"({_points(taught.value, taught.low, taught.high)})."
    )


def _points(value: float, low: float, high: float) -> str:
    return f"{told(100 * value, 0)} points, {told(100 * low, 0)} to {told(100 * high, 0)}"


def _shares(learnt: Learnt) -> tuple[Row, ...]:
    rows: list[Row] = []
    if learnt.examples is not None:
        of = learnt.examples
        ends = _interval(of.control), _interval(of.student)
        values = fine_percent(of.control.value), fine_percent(of.student.value)
        rows.append(("Example by example", "what else each one is taken for", values, ends))
    if learnt.control_by_class is not None and learnt.student_by_class is not None:
        means = fine_percent(learnt.control_by_class), fine_percent(learnt.student_by_class)
        rows.append(("Class by class", "the mean soft labels", means, ("", "")))
    return tuple(rows)


def _interval(found: Estimate) -> str:
    return f"{100 * found.low:.0f}\N{EN DASH}{100 * found.high:.0f}"


def _is_square(found: DarkKnowledge) -> bool:
    count = len(found.grid.classes)
    return [len(row) for row in found.grid.probabilities] == [count] * count and count > 0


def _grid(found: DarkKnowledge) -> str:
    matrix = np.array(found.grid.probabilities)
    return figures.similarity("similarity", matrix, list(found.grid.classes))


def _tree(drawn: Tree) -> str:
    return figures.tree("tree", drawn) if drawn.joins else ""


def _seen(pair: Pair, shown: Shown) -> SeenPair:
    return SeenPair(
        actual=short(pair.actual, LONGEST_IN_TEXT),
        looks_like=short(pair.looks_like, LONGEST_IN_TEXT),
        here=fine_percent(pair.probability),
        elsewhere=fine_percent(pair.elsewhere),
        times=f"{pair.lift:.0f}",
        examples=pair.examples,
        most=fine_percent(pair.most),
        shown=shown,
    )
