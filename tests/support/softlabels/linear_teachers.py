"""Teachers whose answers are known: a fixed linear map of the inputs, exact in float32.

    capture_inputs(…) | token_inputs(…) ──capture──> Captured(labels, inputs, members, store)

Inputs and weights are small multiples of 1/8, so that a logit is the same number in any batch.
Only the code under test can make a difference between two captures.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    materialise,
    open_staged,
)
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.capture.promises import RUNS_HERE, Promises
from stillroom.softlabels.format.ensemble_combination import Combination, Mean
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.reading.member_rows import RowName
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store

CLASSES, FEATURES, ROWS, SHARD_ROWS = 4, 6, 25, 8
NAMES = ("a", "b", "c", "d")
PREPROCESSING, AUGMENTATION = "encoder", "none"


class TeacherDiedError(Exception):
    """The error of a teacher with `fails_after`."""


@dataclass
class Linear:
    """Answers inputs @ weights, and remembers which inputs it saw.

    Attributes:
        weights: [FEATURES, C].
        seen: the bytes of each input, in the order in which it answered them.
        fails_after: how many inputs it answers before it fails; None: it never fails.
    """

    weights: NDArray[np.float32]
    capture: Capture
    seen: list[bytes] = field(default_factory=list)
    fails_after: int | None = None
    promises: Promises = RUNS_HERE

    @property
    def classes(self) -> int:
        return self.weights.shape[1]

    def keeping(self, sparsifier: Sparsifier) -> "Linear":
        """Return the same teacher with another sparsifier; both record in one list."""
        return replace(self, capture=replace(self.capture, sparsifier=sparsifier))

    def answer(self, inputs: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """Yield logits [n, C] for inputs [N, FEATURES], [n, P, C] for [N, P, FEATURES]."""
        for start in range(0, len(inputs), self.capture.batch_size):
            batch = inputs[start : start + self.capture.batch_size]
            if self.fails_after is not None and len(self.seen) + len(batch) > self.fails_after:
                raise TeacherDiedError
            self.seen += [row.tobytes() for row in batch]
            yield batch @ self.weights


def eighths(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Return numbers in -2 … 2 whose products and sums are exact in float32."""
    return (rng.integers(-16, 17, size=shape) / 8).astype(np.float32)


def linear(seed: int, sparsifier: Sparsifier, classes: int = CLASSES) -> Linear:
    """Return a teacher; teachers of other seeds mostly agree with it."""
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
class MemoryInputs:
    """Rows with their inputs, as an iterable that can be read again."""

    rows: tuple[Row, ...]
    inputs: tuple[NDArray[np.float32], ...]

    def __iter__(self) -> Iterator[CaptureInput]:
        for row, seen in zip(self.rows, self.inputs, strict=True):
            yield CaptureInput(row, lambda seen=seen: seen)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, order: Iterable[int]) -> "MemoryInputs":
        """Return some of the inputs, in an order."""
        order = list(order)
        return MemoryInputs(
            tuple(self.rows[at] for at in order), tuple(self.inputs[at] for at in order)
        )

    def with_rows(self, **changes: Any) -> "MemoryInputs":
        """Return the inputs with every row changed in the same way."""
        return MemoryInputs(tuple(replace(row, **changes) for row in self.rows), self.inputs)

    @property
    def names(self) -> list[RowName]:
        """The rows' names in a set."""
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


def capture_inputs(rows: int = ROWS, parts: int = 2, classes: int = CLASSES) -> MemoryInputs:
    """Return rows of one position, most labelled with the first member's argmax, in `parts`."""
    inputs = eighths(np.random.default_rng(0), rows, FEATURES)
    labels = (inputs @ linear(1, Full(), classes).weights).argmax(axis=1).astype(np.int32)
    labels[::6] = -1
    return _with_labels(inputs, [labels[row : row + 1] for row in range(rows)], parts)


def token_inputs(rows: int = 10, positions: int = 3, classes: int = CLASSES) -> MemoryInputs:
    """Return rows of 1 to `positions` positions, in 2 parts, labelled as in `capture_inputs`."""
    inputs = eighths(np.random.default_rng(2), rows, positions, FEATURES)
    labels = (inputs @ linear(1, Full(), classes).weights).argmax(axis=2).astype(np.int32)
    labels[::4, 0] = -1
    return _with_labels(inputs, [labels[row, : 1 + row % positions] for row in range(rows)], 2)


def _with_labels(
    inputs: NDArray[np.float32], labels: Sequence[NDArray[np.int32]], parts: int
) -> MemoryInputs:
    keys = input_keys(inputs, PREPROCESSING, AUGMENTATION, [0] * len(inputs))
    rows = tuple(
        Row(example_id(at), key, f"part {at * parts // len(inputs)}", 0, 0, labels[at])
        for at, key in enumerate(keys)
    )
    return MemoryInputs(rows, tuple(inputs))


@dataclass
class Captured:
    """A set on disk, with all that it was made from."""

    labels: SoftLabelSet
    capture_inputs: MemoryInputs
    members: tuple[Linear, ...]
    store: Store

    @property
    def folder(self) -> Path:
        return self.labels.folder

    def dense(self, member: int) -> NDArray[np.float64]:
        """Return the member's logits at every position of every input, in float64."""
        weights = self.members[member].weights
        answers = [
            np.atleast_2d(seen @ weights)[: len(row.labels)]
            for row, seen in zip(self.capture_inputs.rows, self.capture_inputs.inputs, strict=True)
        ]
        return np.concatenate(answers).astype(np.float64)


def fill(
    member: Linear, store: Store, inputs: Iterable[CaptureInput], shard_rows: int = SHARD_ROWS
) -> list[Shard]:
    """Capture the inputs into the store; return their shards, in order."""
    return list(MemberCapture(member, store, shard_rows).shards(inputs, lambda rows: None))


def write_set(
    folder: Path,
    members: Sequence[Linear],
    inputs: MemoryInputs,
    store: Store,
    mean: Mean = "probability",
    class_names: tuple[str, ...] | None = NAMES,
    shard_rows: int = SHARD_ROWS,
) -> SoftLabelSet:
    """Capture the inputs, with the members weighted equally, and write the set into `folder`."""
    request = CaptureRequest(
        jobs=tuple(CaptureJob(member, inputs) for member in members),
        sparsifier=members[0].capture.sparsifier,
        combination=Combination.of(mean, [1.0] * len(members)),
        store=store,
        rows_per_shard=shard_rows,
        pilot_positions=100,
        class_names=class_names,
    )
    staged = folder.with_name(f"{folder.name}.staged")
    capture_set(request, staged, _no_progress, lambda line: None)
    materialise(open_staged(staged, store), folder)
    return SoftLabelSet(folder)


@contextmanager
def _no_progress(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    yield lambda done: None


def capture(
    folder: Path,
    members: int = 2,
    sparsifier: Sparsifier | None = None,
    inputs: MemoryInputs | None = None,
    mean: Mean = "probability",
) -> Captured:
    """Capture inputs (the default is ROWS of them): the store beside `folder`, the set in it."""
    kind = sparsifier or Full()
    teachers = tuple(linear(seed, kind) for seed in range(1, members + 1))
    rows = capture_inputs() if inputs is None else inputs
    store = Store(folder.with_name(f"{folder.name}.store"))
    names = NAMES if all(len(row.labels) == 1 for row in rows.rows) else None
    labels = write_set(folder, teachers, rows, store, mean, names)
    return Captured(labels, rows, teachers, store)
