"""Described test split: predictions and examples in, the test examples with class and size out.

    example ids of the predictions ──joined──> examples, class: the name of the label,
                                               size: tokens of a sequence, characters of a text

Slices, disagreements and dark knowledge are worked out on this table.
"""

import polars as pl

from stillroom.assess.findings.findings import Findings
from stillroom.io.tables import TableFile

SIZES = {"tokens": pl.col("tokens").list.len(), "text": pl.col("text").str.len_chars()}


def described_test(of_test: Findings, examples: TableFile) -> pl.DataFrame:
    """Return the examples of the test split, in the order of their predictions.

    Two columns are added: `class`, the name of the label, if the encoder has classes; and `size`,
    the number of tokens of a sequence or of characters of a text.
    """
    test = of_test.example_ids.to_frame().join(
        examples.read(), on="example_id", how="left", maintain_order="left"
    )
    if of_test.encoder.classes:
        names = pl.Series(list(of_test.encoder.classes))
        test = test.with_columns(names.gather(test["label"]).alias("class"))
    size = next((SIZES[column] for column in SIZES if column in test.columns), None)
    return test if size is None else test.with_columns(size.cast(pl.Int64).alias("size"))
