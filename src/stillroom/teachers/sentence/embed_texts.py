"""Embedder: all texts of a split in, their embeddings out, which are kept for `capture`."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import Sequences
from stillroom.io.progress import ticking
from stillroom.models.architectures.sentence_encoder import SentenceForSequenceClassification
from stillroom.teachers.sentence.kept_embeddings import read_embeddings, write_embeddings
from stillroom.teachers.sentence.reuse_embeddings import embedded, encoder_identity

ROWS_AT_ONCE = 1024


class Embedder:
    """Runs a sentence encoder; a text whose embedding is kept costs no pass."""

    def __init__(self, model: SentenceForSequenceClassification, folder: Path | None) -> None:
        """Read what is kept in `folder`; None keeps nothing."""
        self.model, self.folder, self.identity = model, folder, encoder_identity(model)
        self.known = read_embeddings(folder, self.identity) if folder else {}
        self.new: dict[bytes, NDArray[np.float32]] = {}

    def vectors(self, inputs: Sequences) -> NDArray[np.float64]:
        """Return embeddings [N, D] for inputs [N, 3, length], N at least 1."""
        batches = []
        with ticking("embedding", len(inputs), "texts") as ticker:
            for start in range(0, len(inputs), ROWS_AT_ONCE):
                some = inputs[start : start + ROWS_AT_ONCE]
                vectors, new = embedded(self.model, some, ROWS_AT_ONCE, self.known)
                self.known |= new
                self.new |= new
                batches.append(vectors)
                ticker.advance(len(vectors))
        return np.concatenate(batches).astype(np.float64)

    def keep(self) -> None:
        """Write the embeddings that were not kept yet."""
        if self.folder is not None and self.new:
            write_embeddings(self.folder, self.identity, self.new)
