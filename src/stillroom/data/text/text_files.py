"""Split texts: the files of a corpus in; those that are read, and their splits, out.

    wiki.train.txt, wiki.valid.txt, wiki.test.txt ──words in the names──> a split for each file
    a.txt, b.txt, …                               ──no words────────────> none

The rule is that of tables, `split_files`. A README describes the data: beside files of splits it is
left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from stillroom.data.ingest.splits import TRAIN
from stillroom.data.notices import Notice, some
from stillroom.data.sources.split_files import SplitFiles, split_files
from stillroom.data.tables.table_formats import table_suffix

README = "readme"


@dataclass(frozen=True, slots=True)
class SplitTexts:
    """The files of a corpus that are read.

    Attributes:
        parts: their names, in order.
        named: the split of each; none if the names give no splits.
        notices: what was guessed or left out.
    """

    parts: tuple[str, ...]
    named: SplitFiles
    notices: tuple[Notice, ...]


def split_texts(parts: Sequence[str]) -> SplitTexts:
    """Return which files of a corpus are read, and the splits that their names give.

    Args:
        parts: the files, relative to data.path.

    Raises:
        DataError: a name holds words for two splits, or no file is for training.
    """
    cards = [part for part in parts if PurePath(part).stem.casefold() == README]
    others = [part for part in parts if part not in cards]
    named = split_files(others)
    if not named.splits:
        return SplitTexts(
            tuple(parts), named, (*named.notices, *_read_beside_tables(cards, others))
        )
    undecided = sorted(named.undecided)
    full = replace(named, splits={**named.splits, **dict.fromkeys(undecided, TRAIN)})
    return SplitTexts(tuple(others), full, (*named.notices, *_of(cards, undecided)))


def _of(cards: list[str], undecided: list[str]) -> list[Notice]:
    notices = []
    if cards:
        words = f"Beside files of splits, a README is no text of the corpus: {some(cards)}."
        notices.append(Notice("left_out", words))
    if undecided:
        count = f"{len(undecided)} files without a word for a split are for training"
        words = f"{count}: {some(undecided)}. Rename or move them if they are not."
        notices.append(Notice("guessed", words))
    return notices


def _read_beside_tables(cards: list[str], others: list[str]) -> list[Notice]:
    if not cards or not any(table_suffix(PurePath(part)) for part in others):
        return []
    words = f"Beside tables, a README is read as text too: {some(cards)}. Move it if it is none."
    return [Notice("guessed", words)]
