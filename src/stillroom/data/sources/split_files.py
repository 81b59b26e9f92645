"""Split files: the names of a data set's files in, the split of each out.

    train.csv, valid.csv, test.csv                          ──┐
    data/train-00000-of-00002.parquet, test/a.jsonl, …      ──┴──> train | validation | test | none

The rule is that of the Hub's library `datasets`: a word for a split counts in the name of a file,
or else of the nearest folder, where it stands between signs that are no letters. Rows of a file for
testing are never trained on without a word.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from stillroom.data.ingest.splits import SPLIT_WORDS, TRAIN, canonical_split
from stillroom.data.notices import Notice, some
from stillroom.errors import DataError

_LETTERS = re.compile(r"[^\W\d_]+")
_ENDINGS = ("set", "data", "split")  # trainset, testdata
_WORDS = tuple(word for words in SPLIT_WORDS.values() for word in words)
# Part of many ordinary words ("latest", "value", "retrieval"): only worth a notice at an end.
_SIMILAR = re.compile(rf"^({'|'.join(_WORDS)})|({'|'.join(_WORDS)})$|^(holdout|heldout|unseen)$")


@dataclass(frozen=True, slots=True)
class SplitFiles:
    """The splits of some files.

    Attributes:
        splits: file -> split; empty if the names give no splits.
        undecided: files without a word beside files for training; they may only hold unlabelled
            rows, which are then for training.
        notices: what was guessed.
    """

    splits: Mapping[str, str] = field(default_factory=dict)
    undecided: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()


def split_files(parts: Iterable[str]) -> SplitFiles:
    """Return the splits that the names of files give.

    Args:
        parts: the files, relative to data.path.

    Raises:
        DataError: a name holds words for two splits, or no file is for training.
    """
    files = list(parts)
    nearest = {part: _nearest_splits(part) for part in files}
    if len(files) > 1:
        _require_one_each(nearest)
    named = {part: splits[0] for part, splits in nearest.items() if len(splits) == 1}
    others = [part for part in files if part not in named]
    held_out = set(named.values()) - {TRAIN}
    similar = _similar(others) if len(files) > 1 else ()
    if not held_out:
        return SplitFiles(notices=similar)
    if len(files) == 1:
        words = f"{files[0]} is called {named[files[0]]}, but is the only file: all splits are its."
        return SplitFiles(notices=(Notice("guessed", words),))
    if TRAIN in named.values():
        return SplitFiles(named, frozenset(others), similar)
    if not others:
        raise DataError(
            f"data.path holds files for {' and '.join(sorted(held_out))}, but none to train on. "
            "Add a file train, or set data.path to a single file, which is then split."
        )
    words = f"{len(others)} files without a word for a split are for training: {some(others)}."
    notices = (Notice("guessed", words), *similar)
    return SplitFiles(named | dict.fromkeys(others, TRAIN), notices=notices)


def split_in_name(name: str) -> str | None:
    """Return the one split whose word stands in the name of a file or folder, or None."""
    splits = _splits_in(name)
    return next(iter(splits)) if len(splits) == 1 else None


def _nearest_splits(part: str) -> list[str]:
    """Return the splits whose words stand in the last name of a path that has any."""
    names = reversed(PurePath(part).parts)
    return next((sorted(splits) for name in names if (splits := _splits_in(name))), [])


def _require_one_each(nearest: Mapping[str, list[str]]) -> None:
    for part, splits in nearest.items():
        if len(splits) > 1:
            raise DataError(
                f"{part} holds words for two splits, {' and '.join(splits)}. Rename it; or, if "
                "its rows are examples, name their column of splits in data.columns.split."
            )


def _splits_in(name: str) -> set[str]:
    """Return the splits whose words stand in `name`: {"train"} for "my_train-00000"."""
    splits = set()
    for word in _LETTERS.findall(name.casefold()):
        stems = [word, *(word.removesuffix(ending) for ending in _ENDINGS)]
        splits |= {split for stem in stems if (split := canonical_split(stem)) is not None}
    return splits


def _similar(parts: list[str]) -> tuple[Notice, ...]:
    """Return a notice of the files whose names resemble a word for a split."""
    alike = [
        part
        for part in parts
        if any(map(_SIMILAR.search, _LETTERS.findall(PurePath(part).name.casefold())))
    ]
    if not alike:
        return ()
    words = f"The names of {len(alike)} files resemble a split, but are none: {some(alike)}."
    return (Notice("guessed", f"{words} Rename them if they are one."),)
