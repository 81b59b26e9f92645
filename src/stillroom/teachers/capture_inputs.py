"""Capture inputs: the examples in, the inputs of one teacher out.

    examples ──batches of rows──> encoder ──> (example, view, draw) ──> CaptureInput

Only one batch of rows is in memory, regardless of how many examples there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.data.ingest.splits import TRAIN
from stillroom.data.text.token_layout import LABELS
from stillroom.data.views.image_views import Transform, Views
from stillroom.errors import ConfigError
from stillroom.io.files.hashing import sha256_json
from stillroom.io.tables import TableFile
from stillroom.no_label import NO_LABEL
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.row import Row

ROWS_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class ExampleInputs:
    """The capture inputs of one teacher, in the order of the examples; can be iterated again.

    Attributes:
        examples: the table of examples, in canonical order.
        encoder: the encoder of the teacher.
        views: the views of training examples; all other examples have only view 0.
        draws: the number of independent draws for each row of the train split; other rows have one.
    """

    examples: TableFile
    encoder: Encoder
    views: Transform
    draws: int

    def __post_init__(self) -> None:
        """Refuse shifted views of inputs that are not images.

        Raises:
            ConfigError: the inputs of the encoder cannot be shifted.
        """
        if isinstance(self.views, Views) and self.views.count and self.encoder.kind != "image":
            raise ConfigError(
                f"softlabels.views is {self.views.count}, but the examples are "
                f"{self.encoder.kind}: only images and masked tokens have views. Set it to 0."
            )

    def __len__(self) -> int:
        """Return how many inputs there are; only the column of splits is read."""
        train, others = self.examples.count("split", TRAIN)
        return train * len(self.views.view_numbers) * self.draws + others

    def count_truncated(self) -> int:
        """Return how many texts are longer than the encoder takes; 0 for other examples."""
        if not isinstance(self.encoder, TokenEncoder):
            return 0
        return sum(map(self.encoder.count_truncated, self.examples.batches(ROWS_AT_ONCE)))

    def __iter__(self) -> Iterator[CaptureInput]:
        """Yield the inputs in order.

        Raises:
            DataError: the table is damaged, or an example does not fit the encoder.
        """
        preprocessing = sha256_json(self.encoder.to_json())
        for frame in self.examples.batches(ROWS_AT_ONCE):
            yield from self._of(frame, preprocessing)

    def _of(self, frame: pl.DataFrame, preprocessing: str) -> Iterator[CaptureInput]:
        plain = self.encoder.encode(frame)
        example_ids = frame["example_id"].to_list()
        inputs, keys = {}, {}
        for view in {0, *self.views.view_numbers}:
            inputs[view] = self.views.apply(plain, example_ids, view)
            keys[view] = input_keys(
                inputs[view], preprocessing, self.views.name, [view] * len(plain)
            )
        labels = {view: self._labels(frame, batch) for view, batch in inputs.items()}
        columns = zip(example_ids, frame["part"], frame["split"] == TRAIN, strict=True)
        for at, (example_id, part, trained) in enumerate(columns):
            for view in self.views.view_numbers if trained else [0]:
                for draw in range(self.draws if trained else 1):
                    row = Row(example_id, keys[view][at], part, view, draw, labels[view][at])
                    yield CaptureInput(row, _Input(inputs[view], at))

    def _labels(self, frame: pl.DataFrame, inputs: NDArray[Any]) -> list[NDArray[np.int32]]:
        """Return the hard labels of each row: one, or those of its labelled positions."""
        if isinstance(self.encoder, SequenceEncoder):
            return [row[row != NO_LABEL] for row in inputs[:, LABELS]]
        return list(frame["label"].fill_null(NO_LABEL).to_numpy().astype(np.int32)[:, None])


@dataclass(frozen=True, slots=True)
class _Input:
    """One row of a batch of inputs, read when the teacher runs."""

    batch: NDArray[Any]
    at: int

    def __call__(self) -> NDArray[Any]:
        return self.batch[self.at]
