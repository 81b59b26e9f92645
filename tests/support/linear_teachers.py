"""Teachers whose answers are known: a fixed linear map of the inputs, exact in float32.

    questions(…) | token_questions(…) ──capture──> Captured(labels, questions, members, store)

Inputs and weights are small multiples of 1/8, so that a logit is the same number whatever the
batch around it: what differs between two captures here differs because of the code under test.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.io.files.reflink import clone
from stillroom.softlabels.capture.capture import Capturing
from stillroom.softlabels.capture.chunks import Question
from stillroom.softlabels.format.combination import Combination, Mean
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.manifest import (
    SHARDS,
    MemberShards,
    Shard,
    manifest_of,
    write_manifest,
)
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.label_set import RowName, SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import Full, Sparsifier, bias
from stillroom.softlabels.store.store import Store

CLASSES, FEATURES, ROWS, SHARD_ROWS = 4, 6, 25, 8
NAMES = ("a", "b", "c", "d")
PREPROCESSING, AUGMENTATION = "encoder", "none"


class TeacherDiedError(Exception):
    """What a teacher with `fails_after` raises."""


@dataclass
class Linear:
    """Answers inputs @ weights, and remembers what it was asked.

    Attributes:
        weights: [FEATURES, C].
        asked: the bytes of each input, in the order in which they were asked.
        fails_after: how many inputs it answers before it dies; None for all.
    """

    weights: NDArray[np.float32]
    capture: Capture
    asked: list[bytes] = field(default_factory=list)
    fails_after: int | None = None

    @property
    def classes(self) -> int:
        return self.weights.shape[1]

    def keeping(self, sparsifier: Sparsifier) -> "Linear":
        """Return the same teacher under another sparsifier; both remember in one list."""
        return replace(self, capture=replace(self.capture, sparsifier=sparsifier))

    def answer(self, inputs: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """Yield logits [n, C] for inputs [N, FEATURES], [n, P, C] for [N, P, FEATURES]."""
        for start in range(0, len(inputs), self.capture.batch_size):
            batch = inputs[start : start + self.capture.batch_size]
            if self.fails_after is not None and len(self.asked) + len(batch) > self.fails_after:
                raise TeacherDiedError
            self.asked += [row.tobytes() for row in batch]
            yield batch @ self.weights


def eighths(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Return numbers in -2 … 2 whose products and sums are exact in float32."""
    return (rng.integers(-16, 17, size=shape) / 8).astype(np.float32)


def linear(seed: int, sparsifier: Sparsifier, classes: int = CLASSES) -> Linear:
    """Return a teacher; those of other seeds mostly agree with it."""
    shared = eighths(np.random.default_rng(1), FEATURES, classes)
    own = eighths(np.random.default_rng([1, seed]), FEATURES, classes) / 4
    capture = Capture(
        weights=f"{seed:064x}",
        architecture="linear",
        preprocessing=PREPROCESSING,
        augmentation=AUGMENTATION,
        dtype="float32",
        sparsifier=sparsifier,
        seed=0,
        batch_size=4,
        libraries=("numpy",),
        device="cpu",
    )
    return Linear(shared + own, capture)


@dataclass(frozen=True)
class Questions:
    """Rows with their inputs, as an iterable that can be walked again."""

    rows: tuple[Row, ...]
    inputs: tuple[NDArray[np.float32], ...]

    def __iter__(self) -> Iterator[Question]:
        for row, seen in zip(self.rows, self.inputs, strict=True):
            yield Question(row, lambda seen=seen: seen)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, order: Iterable[int]) -> "Questions":
        """Return some of the questions, in an order."""
        order = list(order)
        return Questions(
            tuple(self.rows[at] for at in order), tuple(self.inputs[at] for at in order)
        )

    def with_rows(self, **changes: Any) -> "Questions":
        """Return the questions with every row changed in the same way."""
        return Questions(tuple(replace(row, **changes) for row in self.rows), self.inputs)

    @property
    def names(self) -> list[RowName]:
        """What the rows are known by in a set."""
        return [(row.example_id, row.view, row.draw) for row in self.rows]

    @property
    def example_ids(self) -> list[bytes]:
        return [row.example_id for row in self.rows]

    @property
    def labels(self) -> NDArray[np.int32]:
        """The hard labels of all positions, row after row."""
        return np.concatenate([row.labels for row in self.rows])


def example_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def questions(rows: int = ROWS, parts: int = 2, classes: int = CLASSES) -> Questions:
    """Return rows of one position, most labelled with the first member's argmax, in `parts`."""
    inputs = eighths(np.random.default_rng(0), rows, FEATURES)
    labels = (inputs @ linear(1, Full(), classes).weights).argmax(axis=1).astype(np.int32)
    labels[::6] = -1
    return _asked(inputs, [labels[row : row + 1] for row in range(rows)], parts)


def token_questions(rows: int = 10, positions: int = 3, classes: int = CLASSES) -> Questions:
    """Return rows of 1 to `positions` positions, in 2 parts, labelled as in `questions`."""
    inputs = eighths(np.random.default_rng(2), rows, positions, FEATURES)
    labels = (inputs @ linear(1, Full(), classes).weights).argmax(axis=2).astype(np.int32)
    labels[::4, 0] = -1
    return _asked(inputs, [labels[row, : 1 + row % positions] for row in range(rows)], 2)


def _asked(
    inputs: NDArray[np.float32], labels: Sequence[NDArray[np.int32]], parts: int
) -> Questions:
    keys = input_keys(inputs, PREPROCESSING, AUGMENTATION, [0] * len(inputs))
    rows = tuple(
        Row(example_id(at), key, f"part {at * parts // len(inputs)}", 0, 0, labels[at])
        for at, key in enumerate(keys)
    )
    return Questions(rows, tuple(inputs))


@dataclass
class Captured:
    """A set on disk, with what it was made from."""

    labels: SoftLabelSet
    questions: Questions
    members: tuple[Linear, ...]
    store: Store

    @property
    def folder(self) -> Path:
        return self.labels.folder

    def dense(self, member: int) -> NDArray[np.float64]:
        """Return the member's logits at every position of every question, in float64."""
        weights = self.members[member].weights
        answers = [
            np.atleast_2d(seen @ weights)[: len(row.labels)]
            for row, seen in zip(self.questions.rows, self.questions.inputs, strict=True)
        ]
        return np.concatenate(answers).astype(np.float64)


def fill(
    member: Linear, store: Store, asked: Iterable[Question], shard_rows: int = SHARD_ROWS
) -> list[Shard]:
    """Answer the questions into the store; return their shards, in order."""
    return list(Capturing(member, store, shard_rows).shards(asked, lambda rows: None))


def write_set(
    folder: Path,
    members: Sequence[Linear],
    asked: Questions,
    store: Store,
    mean: Mean = "probability",
    class_names: tuple[str, ...] | None = NAMES,
    shard_rows: int = SHARD_ROWS,
) -> SoftLabelSet:
    """Answer the questions, with the members weighted equally, and commit the set in `folder`."""
    parts = []
    for member in members:
        shards = tuple(fill(member, store, asked, shard_rows))
        for shard in shards:
            source = store.of(member.capture, CODEC).path(shard)
            clone(source, folder / SHARDS / shard.name)
        kept = bias(member.capture.sparsifier)
        parts.append(MemberShards(capture=member.capture, bias=kept, shards=shards))
    combination = Combination.of(mean, [1.0] * len(members))
    classes = members[0].classes
    write_manifest(folder, manifest_of(tuple(parts), combination, CODEC, classes, class_names))
    return SoftLabelSet(folder)


def capture(
    folder: Path,
    members: int = 2,
    sparsifier: Sparsifier | None = None,
    asked: Questions | None = None,
    mean: Mean = "probability",
) -> Captured:
    """Capture `asked`, ROWS questions unless given: a store beside `folder`, a set in it."""
    kind = sparsifier or Full()
    teachers = tuple(linear(seed, kind) for seed in range(1, members + 1))
    rows = questions() if asked is None else asked
    store = Store(folder.with_name(f"{folder.name}.store"))
    names = NAMES if all(len(row.labels) == 1 for row in rows.rows) else None
    labels = write_set(folder, teachers, rows, store, mean, names)
    return Captured(labels, rows, teachers, store)
