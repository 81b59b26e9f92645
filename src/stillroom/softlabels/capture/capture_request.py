"""Answers: teachers, questions and a store in, a set that is captured but not verified out.

    CaptureJob, CaptureJob, … ──settle, capture──> shards in the store ──manifest──> staged set
    staged set ──verified──> folder with clones of the store's shards

A staged set is a manifest alone; its shards lie in the store until the set has been verified.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stillroom.io.files.reflink import clone
from stillroom.softlabels.capture.capture import Capturing, Counts, Member
from stillroom.softlabels.capture.chunks import Question
from stillroom.softlabels.capture.solve_threshold import (
    UNKNOWN_TAU,
    Teacher,
    ThresholdRequest,
    Wanted,
    settled,
)
from stillroom.softlabels.format.combination import Combination, require_combinable
from stillroom.softlabels.format.manifest import (
    SHARDS,
    MemberShards,
    Shard,
    manifest_of,
    write_manifest,
)
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import bias
from stillroom.softlabels.store.store import Store


class Questions(Protocol):
    """What a teacher is asked, in canonical order; can be walked again."""

    def __len__(self) -> int:
        """How many questions there are."""

    def __iter__(self) -> Iterator[Question]:
        """Walk over them."""


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """One teacher, and the examples as it sees them."""

    teacher: Teacher
    questions: Questions


@dataclass(frozen=True, slots=True)
class Answers:
    """What is asked for, and not yet answered; `stage` runs the teachers.

    Attributes:
        jobs: one per member, over the same examples in the same order.
        wanted: what is kept of each distribution.
        combination: how the members become one.
        store: what was paid for before, and what will have been.
        rows_per_shard: on average.
        pilot_positions: how many a pilot may look at, where tau is not known yet.
        class_names: in the order of the labels; None for a vocabulary.
    """

    jobs: tuple[CaptureJob, ...]
    wanted: Wanted
    combination: Combination
    store: Store
    rows_per_shard: int
    pilot_positions: int
    class_names: tuple[str, ...] | None

    @property
    def rows(self) -> int:
        """How many rows there are over all members."""
        return sum(len(job.questions) for job in self.jobs)


Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def stage(
    answers: Answers, folder: Path, progress: Progress, tell: Callable[[str], None]
) -> list[Counts]:
    """CaptureJob what the store lacks, and commit a staged set to `folder`.

    Args:
        answers: what is asked for.
        folder: for the manifest; one that is there is replaced.
        progress: a context for a label and a total, yielding what is told of rows done.
        tell: is told a line of what was found out.

    Returns:
        For each member, how many rows were found, reused and asked.

    Raises:
        SoftLabelError: what would be kept of the members cannot be combined; none was asked. Or
            an answer cannot be used.
    """
    kind = answers.wanted
    if isinstance(kind, ThresholdRequest):  # whether it can be combined depends on no tau
        kind = kind.at(UNKNOWN_TAU)
    require_combinable([kind] * len(answers.jobs), answers.combination)
    with answers.store.in_use():
        return _stage(answers, folder, progress, tell)


def _stage(
    answers: Answers, folder: Path, progress: Progress, tell: Callable[[str], None]
) -> list[Counts]:
    members, counts = [], []
    for number, job in enumerate(answers.jobs):
        member = settled(
            job.teacher,
            answers.wanted,
            job.questions,
            answers.store,
            answers.pilot_positions,
            tell,
        )
        capturing = Capturing(member, answers.store, answers.rows_per_shard)
        label = f"teacher {number + 1} of {len(answers.jobs)}"
        with progress(label, len(job.questions)) as tick:
            shards = tuple(capturing.shards(job.questions, tick))
        members.append(_shards(member, shards))
        counts.append(capturing.counts)
        tell(f"{label}: {capturing.counts}")
    classes = answers.jobs[0].teacher.classes
    write_manifest(
        folder,
        manifest_of(tuple(members), answers.combination, CODEC, classes, answers.class_names),
    )
    return counts


def staged(folder: Path, store: Store) -> SoftLabelSet:
    """Open a staged set.

    Raises:
        SoftLabelError: there is none, or its manifest is malformed.
    """

    def locate(member: int, shard: Shard) -> Path:
        return store.of(labels.manifest.captures[member], CODEC).path(shard)

    labels = SoftLabelSet(folder, locate)
    return labels


def materialise(labels: SoftLabelSet, folder: Path) -> None:
    """Write a set of its own into `folder`, which is empty: the shards, then the manifest."""
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    for number, member in enumerate(labels.manifest.members):
        for shard in member.shards:
            clone(labels.path(number, shard), folder / SHARDS / shard.name)
    write_manifest(folder, labels.manifest)


def _shards(member: Member, shards: Iterable[Shard]) -> MemberShards:
    return MemberShards(
        capture=member.capture, bias=bias(member.capture.sparsifier), shards=tuple(shards)
    )
