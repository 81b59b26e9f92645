"""Splits: the split of each example, train, validation or test; and which labels are kept.

    example_id, seed ──> u in [0, 1) ──> test | validation | train

The split of an example depends only on its own content, so new data never changes it. If the data
has splits of its own, they stay; a held-out split that is missing is made of train rows.
"""

from collections.abc import Collection

import polars as pl

from stillroom.data.example_ids import unit_interval
from stillroom.errors import ConfigError, DataError, nearest

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
# The words of the Hub's library `datasets`, which finds splits in the names of files by them.
SPLIT_WORDS = {
    TRAIN: ("train", "training"),
    VALIDATION: ("validation", "valid", "val", "dev"),
    TEST: ("test", "testing", "eval", "evaluation"),
}
ALIASES = {word: name for name, words in SPLIT_WORDS.items() for word in words if word != name}


def canonical_split(name: str) -> str | None:
    """Return the split that `name` stands for, or None. Case and blanks around it do not count."""
    word = name.strip().casefold()
    return word if word in SPLITS else ALIASES.get(word)


def canonical_splits(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with `split` as one of SPLITS in each row, or null in all.

    Raises:
        DataError: a name is not a split, or only some rows have a split.
    """
    names = frame["split"].drop_nulls().unique()
    splits = {name: canonical_split(name) for name in names}
    unknown = frame.filter(
        pl.col("split").is_in([n for n, split in splits.items() if split is None])
    )
    if unknown.height:
        name, origin = unknown.row(0, named=True)["split"], unknown["origin"][0]
        raise DataError(
            f"{origin}: {name} is not a split.{nearest(name, [*SPLITS, *ALIASES])} "
            f"Allowed: {', '.join([*SPLITS, *ALIASES])}."
        )
    missing = frame.filter(pl.col("split").is_null())
    if 0 < missing.height < frame.height:
        raise DataError(
            f"{missing['origin'][0]} has no split, but other rows have one. Set a split in all "
            "rows, or in none."
        )
    return frame.with_columns(split=pl.col("split").replace(splits))


def assign_splits(
    frame: pl.DataFrame, *, validation: float, test: float, seed: int
) -> pl.DataFrame:
    """Return `frame` with no null in `split`.

    If the data has no splits, the rows with u < test are test, and those with
    u < test + validation are validation. If the data has splits, they stay; a held-out split of
    share s that is missing is made of the train rows with
    u < s / (1 - shares of the held-out splits that the data has).

    Raises:
        ConfigError: the two shares leave nothing for train.
    """
    _require_train(validation, test)
    present = set(frame["split"].drop_nulls().unique())
    wanted = {TEST: test, VALIDATION: validation}
    left = 1 - sum(share for name, share in wanted.items() if name in present)
    u = pl.Series("u", unit_interval(frame["example_id"], f"split:{seed}"))
    free = pl.col("split").is_null() | (pl.col("split") == TRAIN)
    split = pl.when(free).then(pl.lit(TRAIN)).otherwise(pl.col("split"))
    lower = 0.0
    for name, share in wanted.items():
        if name not in present:
            upper = lower + share / left
            split = pl.when(free & (u >= lower) & (u < upper)).then(pl.lit(name)).otherwise(split)
            lower = upper
    return frame.with_columns(split=split)


def split_of(
    key: bytes, *, validation: float, test: float, seed: int, present: Collection[str] = ()
) -> str:
    """Return the split of one key without a held-out split of its own, as in `assign_splits`.

    Args:
        key: the key.
        validation: the share that is drawn for validation if the data has none.
        test: the same for test.
        seed: of the draw.
        present: the splits that the data has.

    Raises:
        ConfigError: the two shares leave nothing for train.
    """
    _require_train(validation, test)
    wanted = {TEST: test, VALIDATION: validation}
    left = 1 - sum(share for name, share in wanted.items() if name in present)
    u = float(unit_interval([key], f"split:{seed}")[0])
    upper = 0.0
    for name, share in wanted.items():
        if name not in present:
            upper += share / left
            if u < upper:
                return name
    return TRAIN


def split_origins(
    present: Collection[str], splits_from: str | None, validation: float, test: float
) -> dict[str, str]:
    """Return in words where each split comes from: the source, or a draw by content.

    Args:
        present: the splits that the source has.
        splits_from: what names them in the source; None if it has none.
        validation: the share of the rows that is drawn for validation if the source has none.
        test: the same for test.
    """
    named = "the source" if splits_from is None else splits_from
    pool = "the train rows" if present else "all rows"
    drawn = {VALIDATION: validation, TEST: test}
    words = {TRAIN: named if TRAIN in present else f"the rest of {pool}"}
    for name, share in drawn.items():
        words[name] = named if name in present else f"drawn from {pool} by content ({share:.3g})"
    return words


def keep_labels(
    frame: pl.DataFrame, *, fraction: float, per_class: int | None, seed: int
) -> pl.DataFrame:
    """Return `frame` with the labels of some train rows, and null in the other train rows.

    Which labels stay depends on the example and the seed, independently of its split. A larger
    fraction or `per_class` keeps all labels that a smaller one keeps.

    Args:
        frame: the examples, with `example_id`, `split` and `label`.
        fraction: the share of the train rows that keep their label.
        per_class: the largest number of labels of each class; None sets no bound.
        seed: the seed of the choice.
    """
    u = pl.Series("u", unit_interval(frame["example_id"], f"label:{seed}"))
    # Only equal keys have equal u, and each key occurs once.
    rank = pl.col("u").rank("ordinal").over("split", "label")
    kept = (pl.col("split") != TRAIN) | (pl.col("u") < fraction)
    if per_class is not None:
        kept &= (pl.col("split") != TRAIN) | (rank <= per_class)
    labelled = frame.with_columns(u).with_columns(label=pl.when(kept).then(pl.col("label")))
    return labelled.drop("u")


def _require_train(validation: float, test: float) -> None:
    if validation + test >= 1:
        raise ConfigError(
            f"data.validation is {validation} and data.test is {test}: they leave nothing to train "
            "on. Set them so that their sum is below 1."
        )


def check_splits(frame: pl.DataFrame) -> None:
    """Check that each split has rows and labels.

    Raises:
        DataError: a split is empty, or has no labelled row.
    """
    for name in SPLITS:
        rows = frame.filter(pl.col("split") == name)
        if rows.is_empty():
            raise DataError(
                f"The {name} split is empty: {frame.height} examples are too few for "
                "data.validation and data.test. Add data, or change these shares."
            )
        if rows["label"].null_count() == rows.height:
            raise DataError(
                f"None of the {rows.height} examples of the {name} split has a label. Add labels, "
                "remove these rows so that the split is drawn from others, or raise "
                "data.label_fraction."
            )
