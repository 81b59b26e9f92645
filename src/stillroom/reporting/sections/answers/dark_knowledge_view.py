"""Dark knowledge view: dark_knowledge.json in, figures and sentences about similar classes out.

The document is {"knowledge": asdict(DarkKnowledge), "shown": [asdict(Thumbnail), …]}, with one
thumbnail for each pair.
"""

from dataclasses import dataclass

import numpy as np

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.class_pairs import Pair
from stillroom.evaluation.dark_knowledge.dark_knowledge import DarkKnowledge
from stillroom.evaluation.dark_knowledge.transfer_share import LEAST_NATS, Shares, TransferShare
from stillroom.evaluation.dark_knowledge.tree import Tree, pruned
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.io.json.validated_json import checked
from stillroom.reporting import figures
from stillroom.reporting.display_names import LONGEST_IN_TEXT, short
from stillroom.reporting.figures.tree import MOST_LEAVES
from stillroom.reporting.thumbnails import Thumbnail
from stillroom.reporting.units import fine_percent, fixed_decimals

FILE = "dark_knowledge.json"
# A name, its meaning, then shares and intervals, each of control and student as in the table.
Row = tuple[str, str, tuple[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Document:
    """The content of the file."""

    knowledge: DarkKnowledge
    shown: tuple[Thumbnail, ...]


@dataclass(frozen=True, slots=True)
class SeenPair:
    """A surprising pair, its example, and its numbers as text."""

    actual: str
    looks_like: str
    here: str
    elsewhere: str
    times: str
    examples: int
    most: str
    thumbnail: Thumbnail


@dataclass(frozen=True, slots=True)
class DarkKnowledgeView:
    """What the template shows.

    Attributes:
        classes, in_grid: how many classes there are, and how many of them the table has.
        leaves, in_tree: how many leaves there are, and how many of them are drawn.
        grid, tree: SVG; "" for a tree of a single class.
        pairs: the most surprising pairs, with an example each.
        learned: how much of the knowledge the student learned, in words.
        shares: the rows of the table.
    """

    classes: int
    in_grid: int
    leaves: int
    in_tree: int
    grid: str
    tree: str
    pairs: tuple[SeenPair, ...]
    learned: str
    shares: tuple[Row, ...]


def dark_knowledge_view(document: object) -> DarkKnowledgeView:
    """Return what the page shows.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    content = read_document(document)
    knowledge, thumbnails = content.knowledge, content.shown
    small_tree = pruned(knowledge.tree, MOST_LEAVES)
    return DarkKnowledgeView(
        classes=knowledge.classes,
        in_grid=len(knowledge.grid.classes),
        leaves=len(knowledge.tree.leaves),
        in_tree=len(small_tree.leaves),
        grid=_grid(knowledge),
        tree=_tree(small_tree),
        pairs=tuple(_seen(*pair) for pair in zip(knowledge.pairs, thumbnails, strict=True)),
        learned=learnt_in_words(knowledge.learnt),
        shares=_shares(knowledge.learnt),
    )


def read_document(document: object) -> Document:
    """Return the document as a dataclass.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    content = checked(Document, document, FILE, "evaluate")
    if len(content.shown) != len(content.knowledge.pairs) or not _is_square(content.knowledge):
        raise DataError(f"{FILE} is damaged: it lacks an example or a cell. Run evaluate again.")
    return content


def learnt_in_words(transfer: TransferShare) -> str:
    """Return how much dark knowledge the student learned, in one or two sentences."""
    shares = transfer.examples
    if shares is None and transfer.nats <= LEAST_NATS:
        return (
            "The teachers find all wrong classes of an example equally likely (with two classes "
            "there is only one), so there is nothing to learn about them."
        )
    if shares is None:
        return (
            "The teachers find the wrong classes so nearly equally likely that these examples "
            "cannot show how much the student learned about them."
        )
    return (
        f"The distilled student's answers hold {fine_percent(shares.student.value)} of the "
        "teachers' information about the wrong classes. The same student without a teacher holds "
        f"{fine_percent(shares.control.value)} by itself: {_taught_in_words(shares)}"
    )


def _taught_in_words(shares: Shares) -> str:
    taught = shares.taught
    if taught.is_above_zero:
        return f"the soft labels taught it {_points(taught.value, taught.low, taught.high)}."
    if taught.is_below_zero:
        points = _points(-taught.value, -taught.high, -taught.low)
        return f"the soft labels reduced this by {points}."
    return (
        "these examples cannot show whether the soft labels taught it anything, "
        f"{_points(taught.value, taught.low, taught.high)}."
    )


def _points(value: float, low: float, high: float) -> str:
    number, first, last = (fixed_decimals(100 * share, 0) for share in (value, low, high))
    return f"{number} points ({first} to {last})"


def _shares(transfer: TransferShare) -> tuple[Row, ...]:
    rows: list[Row] = []
    if transfer.examples is not None:
        per_example = transfer.examples
        ends = _interval(per_example.control), _interval(per_example.student)
        values = fine_percent(per_example.control.value), fine_percent(per_example.student.value)
        rows.append(("Per example", "which other classes each one resembles", values, ends))
    if transfer.control_by_class is not None and transfer.student_by_class is not None:
        means = fine_percent(transfer.control_by_class), fine_percent(transfer.student_by_class)
        rows.append(("Per class", "the mean soft label of each class", means, ("", "")))
    return tuple(rows)


def _interval(share: Estimate) -> str:
    return f"{100 * share.low:.0f}\N{EN DASH}{100 * share.high:.0f}"


def _is_square(knowledge: DarkKnowledge) -> bool:
    count = len(knowledge.grid.classes)
    return [len(row) for row in knowledge.grid.probabilities] == [count] * count and count > 0


def _grid(knowledge: DarkKnowledge) -> str:
    matrix = np.array(knowledge.grid.probabilities)
    return figures.similarity(matrix, list(knowledge.grid.classes)).svg("similarity")


def _tree(small_tree: Tree) -> str:
    return figures.tree(small_tree).svg("tree") if small_tree.joins else ""


def _seen(pair: Pair, thumbnail: Thumbnail) -> SeenPair:
    return SeenPair(
        actual=short(pair.actual, LONGEST_IN_TEXT),
        looks_like=short(pair.looks_like, LONGEST_IN_TEXT),
        here=fine_percent(pair.probability),
        elsewhere=fine_percent(pair.elsewhere),
        times=f"{pair.lift:.0f}",
        examples=pair.examples,
        most=fine_percent(pair.most),
        thumbnail=thumbnail,
    )
