"""The catalog of a run: Kedro's own, which holds parameters without importing pandas.

    params:student.epochs, 40 ──> MemoryDataset(40, copy_mode="deepcopy")

Kedro keeps each parameter in a `MemoryDataset`. To find out how to copy its value, the dataset
imports pandas, which takes a third of the time of a run with nothing to do. Parameters are plain
values and dataclasses, so the copy mode is known.
"""

from typing import Any

from kedro.framework.context import CatalogCommandsMixin
from kedro.io import AbstractDataset, DataCatalog, MemoryDataset
from kedro.io.core import is_parameter


class ParameterCatalog(DataCatalog, CatalogCommandsMixin):
    """Kedro's catalog with the commands that `kedro catalog` calls."""

    def __setitem__(self, key: str, value: Any) -> None:
        """Add a dataset or a value; the value of a parameter is copied deeply at each load."""
        if is_parameter(key) and not isinstance(value, AbstractDataset):
            value = MemoryDataset(value, copy_mode="deepcopy")
        super().__setitem__(key, value)
