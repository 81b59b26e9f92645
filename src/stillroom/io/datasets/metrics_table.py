"""`Metrics`: groups of numbers, saved as canonical JSON and shown as a table in Kedro-Viz.

Kedro-Viz 12 has no view for metrics (version 11 removed experiment tracking), so the numbers
appear in a `TablePreview`: one row per model, one column per measure.
"""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from stillroom.errors import DataError
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.runs.stage_command import stage_command, stage_of


class Metrics(AbstractDataset[GroupedNumbers, GroupedNumbers]):
    """Numbers per group, {group: {name: number}}, as canonical JSON: equal values, equal bytes.

    In the catalog::

        metrics:
          type: stillroom.io.datasets.metrics_table.Metrics
          filepath: data/07_reports/metrics.json
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the path of the file; `metadata` is for plugins such as Kedro-Viz."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> GroupedNumbers:
        """Return the numbers.

        Raises:
            DatasetError: the file is missing, is not JSON, or does not hold numbers per group.
        """
        return self._read()

    def save(self, data: GroupedNumbers) -> None:
        """Write the numbers.

        Raises:
            DatasetError: something is not a finite number, or is not in a group.
        """
        write_json(self._filepath, _checked(data, self._filepath, stage_of(self.metadata)))

    def preview(self) -> TablePreview:
        """Return the table for Kedro-Viz; the cell of a missing measure is empty."""
        numbers = self._read()
        names = list(dict.fromkeys(name for group in numbers.values() for name in group))
        rows = [
            [group, *(values.get(name, "") for name in names)] for group, values in numbers.items()
        ]
        return TablePreview(
            {"index": list(range(len(rows))), "columns": ["", *names], "data": rows}
        )

    def _read(self) -> GroupedNumbers:
        stage = stage_of(self.metadata)
        return _checked(read_json(self._filepath, stage), self._filepath, stage)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


def _checked(value: object, path: Path, stage: str | None) -> GroupedNumbers:
    if not isinstance(value, dict) or not all(
        isinstance(group, dict) and all(_is_number(number) for number in group.values())
        for group in value.values()
    ):
        raise DataError(
            f"{path} must hold numbers by group, as in {{student: {{accuracy: 0.9}}}}. Run "
            f"{stage_command(stage)} again."
        )
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
