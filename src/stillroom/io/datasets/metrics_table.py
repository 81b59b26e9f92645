"""Metrics: a nested dict of numbers in, canonical JSON out, and a table for Kedro-Viz.

Kedro-Viz 12 has no metrics of its own (experiment tracking left it with version 11), so numbers
show as the table that a `TablePreview` draws: one row per model, one column per measure.
"""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from stillroom.errors import DataError
from stillroom.io.json.json_files import read_json, write_json

Numbers = dict[str, dict[str, int | float]]


class Metrics(AbstractDataset[Numbers, Numbers]):
    """Numbers per group, {group: {name: number}}, as JSON that is canonical to the byte.

    In the catalog::

        metrics:
          type: stillroom.io.datasets.metrics_table.Metrics
          filepath: data/07_reports/metrics.json
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the file lies; `metadata` is for plugins such as Kedro-Viz."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Numbers:
        """Return the numbers.

        Raises:
            DatasetError: the file is missing, is not JSON, or does not hold numbers per group.
        """
        return _checked(read_json(self._filepath), self._filepath)

    def save(self, data: Numbers) -> None:
        """Write the numbers.

        Raises:
            DatasetError: something is not a finite number, or is not in a group.
        """
        write_json(self._filepath, _checked(data, self._filepath))

    def preview(self) -> TablePreview:
        """Return the table that Kedro-Viz draws; a measure that a group lacks stays blank."""
        numbers = _checked(read_json(self._filepath), self._filepath)
        names = list(dict.fromkeys(name for group in numbers.values() for name in group))
        rows = [
            [group, *(values.get(name, "") for name in names)] for group, values in numbers.items()
        ]
        return TablePreview(
            {"index": list(range(len(rows))), "columns": ["", *names], "data": rows}
        )

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


def _checked(value: object, path: Path) -> Numbers:
    if not isinstance(value, dict) or not all(
        isinstance(group, dict) and all(_is_number(number) for number in group.values())
        for group in value.values()
    ):
        raise DataError(f"{path} must hold numbers by group, as in student: {{accuracy: 0.9}}.")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
