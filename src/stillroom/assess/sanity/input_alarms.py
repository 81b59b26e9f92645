"""Alarms about inputs: contents and encoded inputs in, inputs that do not tell examples apart out.

Ingest removes equal contents. So inputs are constant if the contents differ by next to nothing, or
if the encoder makes one input of many texts: all tokens unknown, nothing left after the cut.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.assess.sanity.alarm import Alarm
from stillroom.io.files.hashing import sha256_bytes
from stillroom.reporting.units import whole_percent

GREY_LEVELS = 2  # of 255; pixels that differ by no more than this count as equal
RELATIVE = 1e-6  # numbers of a column, whose range is no larger part of the largest, count as equal
MOST_REPEATED = 0.5  # of the inputs may be equal to another one
MOST_DUPLICATES = 0.9  # of what was read may be a repetition


def constant_images(column: pl.Series) -> Iterator[Alarm]:
    """Yield an alarm if all images are equal, pixel by pixel.

    Args:
        column: Binary, the bytes of images of one size.
    """
    pixels = np.frombuffer(b"".join(column), np.uint8).reshape(len(column), -1)
    # In uint8 the difference of two pixels cannot overflow, since the larger one is first.
    largest = int((pixels.max(axis=0) - pixels.min(axis=0)).max())
    if len(column) > 1 and largest <= GREY_LEVELS:
        yield Alarm(
            "constant_inputs",
            f"{len(column):,} training images were compared, and none of their pixels differs by "
            f"more than {largest} of 255: the images are all the same.",
            "Look at the files. An image that is transparent, 16 bits deep or of floats may be "
            "read as one colour; store it as 8-bit grey or RGB.",
        )


def constant_features(column: pl.Series) -> Iterator[Alarm]:
    """Yield an alarm if every column of features is constant.

    Args:
        column: List(Float64), rows of equal length.
    """
    numbers = column.explode(empty_as_null=False).to_numpy().reshape(len(column), -1)
    spread = numbers.max(axis=0) - numbers.min(axis=0)
    if len(column) > 1 and (spread <= RELATIVE * np.abs(numbers).max(axis=0)).all():
        yield Alarm(
            "constant_inputs",
            f"{len(column):,} training rows were compared, and none of their {numbers.shape[1]} "
            f"features varies by more than {RELATIVE:g} of its value.",
            "Name other columns in data.columns.features, or subtract the constant part from them.",
        )


def repeated_inputs(inputs: Iterable[Iterable[NDArray[Any]]], way_out: str) -> Iterator[Alarm]:
    """Yield an alarm if many different texts become the same input.

    Args:
        inputs: the encoded training texts, a batch at a time.
        way_out: what makes the inputs of this encoder differ.
    """
    counts = Counter(sha256_bytes(row.tobytes()) for batch in inputs for row in batch)
    repeated = sum(count for count in counts.values() if count > 1)
    if repeated > MOST_REPEATED * (total := counts.total()):
        yield Alarm(
            "repeated_inputs",
            f"{repeated:,} of {total:,} different training texts have the same input as another "
            f"one, as the model sees them; there are {len(counts):,} inputs in all.",
            way_out,
        )


def duplicates_read(report: Mapping[str, Any]) -> Iterator[Alarm]:
    """Yield an alarm if nearly all that was read repeats something.

    Args:
        report: the report of ingest.
    """
    for kind, repeated, total in _repetitions(report):
        if repeated > MOST_DUPLICATES * total:
            yield Alarm(
                "duplicates",
                f"{repeated:,} of {total:,} {kind} ({whole_percent(repeated / total)}) have the "
                "same content as another one and were left out.",
                "Remove the repetitions from the data if they are meant, or look for a column or a "
                "file that was read in place of the right one.",
            )


def _repetitions(report: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Yield what is counted, how many repeat another one, and how many there are."""
    if "rows_read" in report:
        yield "rows", report["duplicates"] + report["leaked"], sum(report["rows_read"].values())
        return
    for kind in ("documents", "sequences"):
        repeated = report[f"duplicate_{kind}"]
        yield kind, repeated, repeated + sum(report[kind].values())
