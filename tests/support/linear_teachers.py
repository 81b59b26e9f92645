"""Teachers whose answers are known: a fixed linear map of the inputs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stillroom.softlabels.capture import Answers, Questions, write_set
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.softlabels.fingerprint import Capture
from stillroom.softlabels.sparsify import TopK

CLASSES, ROWS = 4, 25
NAMES = ("a", "b", "c", "d")
TEMPERATURES = (1.0, 4.0)


@dataclass
class Linear:
    """Answers with inputs @ weights."""

    weights: np.ndarray
    capture: Capture
    asked: list[int] = field(default_factory=list)

    def answer(self, inputs: np.ndarray) -> Iterator[np.ndarray]:
        for start in range(0, len(inputs), 4):
            batch = inputs[start : start + 4]
            self.asked.append(len(batch))
            yield (batch @ self.weights).astype(np.float32)


def linear(seed: int, k: str) -> Linear:
    shared = np.random.default_rng(1).normal(size=(6, CLASSES))
    own = np.random.default_rng([1, seed]).normal(size=(6, CLASSES))
    weights = (shared + 0.3 * own).astype(np.float32)
    return Linear(
        weights,
        Capture(
            weights=str(seed),
            architecture="linear",
            preprocessing="none",
            dtype="float32",
            sparsifier="topk",
            k=k,
            temperatures=TEMPERATURES,
            batch_size=4,
            libraries=("numpy",),
            device="cpu",
        ),
    )


@dataclass
class Captured:
    """A set on disk, with what it was made from."""

    labels: SoftLabelSet
    questions: Questions
    members: tuple[Linear, ...]

    @property
    def folder(self) -> Path:
        return self.labels.folder

    def dense(self, member: int) -> np.ndarray:
        """Return the member's logits for every question, in float64."""
        inputs = self.questions.inputs[member]
        return (inputs @ self.members[member].weights).astype(np.float32).astype(np.float64)


def capture(folder: Path, members: int = 2, k: int | str = "all") -> Captured:
    """Capture ROWS questions in shards of 8; most rows carry the first member's own answer."""
    inputs = np.random.default_rng(0).normal(size=(ROWS, 6)).astype(np.float32)
    teachers = tuple(linear(seed, str(k)) for seed in range(1, members + 1))
    labels = (inputs @ teachers[0].weights).argmax(axis=1).astype(np.int32)
    labels[::6] = -1
    questions = Questions(
        example_ids=[bytes([row]) * 16 for row in range(ROWS)],
        inputs=(inputs,) * members,
        labels=labels,
    )
    answers = Answers(questions, teachers, TopK(k, TEMPERATURES), rows_per_shard=8, classes=NAMES)
    write_set(answers, folder, lambda rows: None)
    return Captured(SoftLabelSet(folder), questions, teachers)
