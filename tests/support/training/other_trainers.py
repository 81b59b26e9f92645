"""A captured corpus for the trainers of other libraries, and Stillroom's own loss on its rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from support.examples.corpus_examples import (
    GPT2,
    CorpusOnDisk,
    small_corpus,
    token_labels,
    token_teachers,
)
from support.objectives.objective_config import objective

from stillroom.models.architecture_registry import build
from stillroom.softlabels import open as open_set
from stillroom.softlabels.open_set import OpenedSet
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.training.build_loss import build_mixture
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.memory_dataset import read_split, with_targets
from stillroom.training.data.sampler import MicroBatch
from stillroom.training.fit.token_loss import token_loss

HARD_WEIGHT = 0.25


@dataclass(frozen=True)
class CapturedCorpus:
    """Examples, encoder and a set of two draws, below one folder."""

    folder: Path
    corpus: CorpusOnDisk
    labels: SoftLabelSet

    @property
    def opened(self) -> OpenedSet:
        return open_set(self.labels.folder)

    def student(self, **options: Any) -> Any:
        return build("transformer", GPT2 | options, self.corpus.shape, seed=7)

    def batch(self, rows: list[int], draw: int = 0) -> Batch:
        """Return some training rows as the project's own loader makes them."""
        every = with_targets(
            read_split(self.corpus.examples, self.corpus.fitted, "train"), self.labels, [1.0]
        )
        return every[MicroBatch(batch=np.array(rows), number=0, count=1, epoch=draw)]

    def own_loss(self, model: Any, rows: list[int], draw: int = 0) -> torch.Tensor:
        """Return the loss with which the project trains on these rows."""
        batch = self.batch(rows, draw)
        wanted = objective({"forward_kl": 1.0}, temperature=1.0, hard_weight=HARD_WEIGHT)
        mixture = build_mixture(wanted, is_unbiased=True)
        return token_loss(model, batch, batch.target, mixture, is_linear=True)


def captured_corpus(folder: Path) -> CapturedCorpus:
    """Write a corpus of packed documents and capture two draws of its soft labels."""
    corpus = small_corpus(folder)
    teachers = token_teachers(corpus, folder / "teachers")
    labels = token_labels(corpus, teachers, folder / "labels", ThresholdRequest(8, 1.0), draws=2)
    return CapturedCorpus(folder, corpus, labels)


def gradients(model: Any) -> list[torch.Tensor]:
    """Return the gradients of all parameters."""
    return [one.grad for one in model.parameters() if one.grad is not None]
