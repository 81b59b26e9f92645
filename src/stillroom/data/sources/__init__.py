"""Sources: the reader of each `data.source`.

    data.source ──SOURCES──> reader(data, root) ──> RawExamples

A reader checks the form of each row. Cleaning and splits check the rows against each other.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from stillroom.config.schema.data_schema import Data
from stillroom.data.raw_examples import RawExamples
from stillroom.data.sources.digits import read_digits
from stillroom.data.sources.idx import read_idx
from stillroom.data.sources.image_folder import read_image_folder
from stillroom.data.sources.table import read_table

Reader = Callable[[Data, Path], RawExamples]

SOURCES: Mapping[str, Reader] = MappingProxyType(
    {
        "digits": read_digits,
        "idx": read_idx,
        "image_folder": read_image_folder,
        "table": read_table,
    }
)
