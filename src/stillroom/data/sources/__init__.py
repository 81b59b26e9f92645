"""Sources: a name in, the function that reads it out.

    data.source ──SOURCES──> reader(data, root) ──> Raw

A reader reads and checks the form; what the rows mean together is judged by cleaning and splits.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from stillroom.config.data_schema import Data
from stillroom.data.raw_examples import Raw
from stillroom.data.sources.digits import read_digits
from stillroom.data.sources.idx import read_idx
from stillroom.data.sources.image_folder import read_image_folder
from stillroom.data.sources.table import read_table

Reader = Callable[[Data, Path], Raw]

SOURCES: Mapping[str, Reader] = MappingProxyType(
    {
        "digits": read_digits,
        "idx": read_idx,
        "image_folder": read_image_folder,
        "table": read_table,
    }
)
