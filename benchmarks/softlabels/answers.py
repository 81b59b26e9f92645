"""Keeps Gemma's logits on disk, so that one forward pass serves every set."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.softlabels.gemma import TextInputs, gemma, sequences
from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.capture.capture_set import materialise
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.manifest import MemberShards, manifest_of, write_manifest
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store
from stillroom.teachers.teacher import TeacherMember

SEQUENCES = 8
# Large enough for all rows of a benchmark to fall into one shard, as they do in a real set.
ROWS_PER_SHARD = 1024


@dataclass(frozen=True)
class Answered:
    """A text and Gemma's answers to it.

    Attributes:
        tokens: [sequences, positions + 1].
        logits: [sequences, positions + 1, V], float32, on disk.
    """

    tokens: np.ndarray
    logits: np.ndarray

    def keeping(self, sparsifier: Sparsifier, classes: int) -> "Replaying":
        """Return the teacher over the first `classes` tokens of the vocabulary."""
        return Replaying(gemma().keeping(sparsifier), self, classes)

    def p(self, classes: int) -> Iterator[np.ndarray]:
        """Yield the dense distributions [positions, classes] of each sequence, in float64."""
        for logits in self.logits:
            wide = logits[:-1, :classes].astype(np.float64)
            wide -= wide.max(axis=1, keepdims=True)
            np.exp(wide, out=wide)
            wide /= wide.sum(axis=1, keepdims=True)
            yield wide

    def labels(self, sparsifier: Sparsifier, classes: int, folder: Path) -> SoftLabelSet:
        """Return the set that `capture` makes of these answers, in one shard below `folder`."""
        member = self.keeping(sparsifier, classes)
        inputs = TextInputs(self.tokens, classes)
        store = Store(folder / "store")
        capturing = MemberCapture(member, store, ROWS_PER_SHARD)
        shards = tuple(capturing.shards(inputs, lambda rows: None))
        members = (MemberShards(capture=member.capture, bias=sparsifier.bias, shards=shards),)
        one = Combination.of("probability", [1.0])
        write_manifest(folder / "staged", manifest_of(members, one, CODEC, classes, None))
        kept = store.of(member.capture, CODEC)
        materialise(
            SoftLabelSet(folder / "staged", lambda _, shard: kept.path(shard)), folder / "set"
        )
        return SoftLabelSet(folder / "set")


@dataclass(frozen=True)
class Replaying:
    """A member that answers from the disk."""

    kept: TeacherMember
    answered: Answered
    classes: int

    @property
    def capture(self) -> Capture:
        """The capture of the teacher itself."""
        return self.kept.capture

    def answer(self, inputs: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the logits of each sequence, [1, positions + 1, classes]."""
        for tokens in inputs:
            at = int(np.flatnonzero((self.answered.tokens == tokens).all(axis=1))[0])
            yield np.array(self.answered.logits[at : at + 1, :, : self.classes])


@contextmanager
def answered(data: Path) -> Iterator[Answered]:
    """Run Gemma once over the text and keep its logits while the block runs."""
    tokens = sequences(data, SEQUENCES)
    teacher = gemma()
    with TemporaryDirectory(prefix="stillroom-bench-", dir="build") as folder:
        shape = (*tokens.shape, teacher.classes)
        logits = np.lib.format.open_memmap(
            Path(folder) / "logits.npy", mode="w+", dtype=np.float32, shape=shape
        )
        for at, answer in enumerate(teacher.answer(tokens)):
            logits[at] = answer[0].numpy()
        yield Answered(tokens, logits)
