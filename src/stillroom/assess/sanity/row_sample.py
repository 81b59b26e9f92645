"""Row samples: the table of examples in, a bounded random sample of each split out, in one pass.

Keys are hashes of the content, so the rows with the smallest keys are a random draw. It needs no
seed, and new rows change little of it.
"""

from collections.abc import Mapping

import polars as pl

from stillroom.io.tables import TableFile

ROWS_AT_ONCE = 2048
ANY_ROW = pl.lit(value=True)
LABELLED = pl.col("label").is_not_null()


def row_sample(
    examples: TableFile, counts: Mapping[str, int], among: pl.Expr = ANY_ROW
) -> pl.DataFrame:
    """Return some rows of each split, in the order of their keys.

    Args:
        examples: every example.
        counts: split -> how many rows, at most.
        among: the rows that may be drawn, by `example_id`, `split` and `label`.

    Raises:
        DataError: the table is missing or damaged.
    """
    keys = examples.read(["example_id", "split", "label"]).filter(among).sort("example_id")
    drawn = [
        keys.filter(pl.col("split") == split)["example_id"].head(count)
        for split, count in counts.items()
    ]
    wanted = pl.concat(drawn).to_frame()
    batches = examples.batches(ROWS_AT_ONCE)
    return pl.concat(batch.join(wanted, on="example_id", how="semi") for batch in batches).sort(
        "example_id"
    )
