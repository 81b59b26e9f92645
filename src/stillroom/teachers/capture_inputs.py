"""Questions: the examples in, what a teacher is asked about each, batch by batch, out.

    examples ──batches of rows──> encoder ──> (example, view, draw) ──> Question

Nothing but one batch of rows is in memory, however many examples there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.encoders.sequence_encoder import LABELS, NONE
from stillroom.data.views.image_views import Transform, Views
from stillroom.errors import ConfigError
from stillroom.io.files.hashing import sha256_json
from stillroom.io.tables import TableFile
from stillroom.softlabels.capture.chunks import Question
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.row import Row

ROWS_AT_ONCE = 2048
TRAIN = "train"


@dataclass(frozen=True, slots=True)
class ExampleQuestions:
    """What one teacher is asked, in the order of the examples; can be walked again.

    Attributes:
        examples: the table of examples, in canonical order.
        encoder: the teacher's own.
        views: of training examples; every other one is asked about in view 0.
        draws: independent draws for each row of the train split; one for every other row.
    """

    examples: TableFile
    encoder: Encoder
    views: Transform
    draws: int

    def __post_init__(self) -> None:
        """Refuse views of what is no image.

        Raises:
            ConfigError: the encoder's inputs cannot be moved.
        """
        if isinstance(self.views, Views) and self.views.count and self.encoder.kind != "image":
            raise ConfigError(
                f"softlabels.views is {self.views.count}, and the examples are "
                f"{self.encoder.kind}: only images and hidden tokens have views. Set it to 0."
            )

    def __len__(self) -> int:
        """Return how many questions there are, from the column of splits alone."""
        train, others = self.examples.count("split", TRAIN)
        return train * len(self.views.numbers) * self.draws + others

    def __iter__(self) -> Iterator[Question]:
        """Yield the questions in order.

        Raises:
            DataError: the table is damaged, or an example is not what the encoder was made for.
        """
        preprocessing = sha256_json(self.encoder.to_json())
        for frame in self.examples.batches(ROWS_AT_ONCE):
            yield from self._of(frame, preprocessing)

    def _of(self, frame: pl.DataFrame, preprocessing: str) -> Iterator[Question]:
        plain = self.encoder.encode(frame)
        example_ids = frame["example_id"].to_list()
        inputs, keys = {}, {}
        for view in {0, *self.views.numbers}:
            inputs[view] = self.views.apply(plain, example_ids, view)
            keys[view] = input_keys(
                inputs[view], preprocessing, self.views.name, [view] * len(plain)
            )
        labels = {view: self._labels(frame, found) for view, found in inputs.items()}
        columns = zip(example_ids, frame["part"], frame["split"] == TRAIN, strict=True)
        for at, (example_id, part, trained) in enumerate(columns):
            for view in self.views.numbers if trained else [0]:
                for draw in range(self.draws if trained else 1):
                    row = Row(example_id, keys[view][at], part, view, draw, labels[view][at])
                    yield Question(row, _Input(inputs[view], at))

    def _labels(self, frame: pl.DataFrame, inputs: NDArray[Any]) -> list[NDArray[np.int32]]:
        """Return each row's hard labels: one, or those of the positions where it is asked."""
        if isinstance(self.encoder, SequenceEncoder):
            return [row[row != NONE] for row in inputs[:, LABELS]]
        return list(frame["label"].fill_null(NONE).to_numpy().astype(np.int32)[:, None])


@dataclass(frozen=True, slots=True)
class _Input:
    """One row of a batch of inputs, taken when a teacher is to see it."""

    batch: NDArray[Any]
    at: int

    def __call__(self) -> NDArray[Any]:
        return self.batch[self.at]
