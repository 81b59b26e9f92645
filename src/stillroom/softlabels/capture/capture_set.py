"""Capture request: teachers, their inputs and a store in, a staged set out.

    CaptureJob, … ──tau solved, rows captured──> shards in the store ──manifest──> staged set
    staged set ──verify, materialise──> folder with clones of the shards in the store

A staged set is only a manifest. Its shards stay in the store until the set has been verified.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stillroom.io.files.reflink import clone
from stillroom.softlabels.capture.capture import CaptureCounts, Member, MemberCapture
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.capture.complete_sparsifier import Teacher, solved_member
from stillroom.softlabels.format.ensemble_combination import Combination, require_combinable
from stillroom.softlabels.format.manifest import (
    SHARDS,
    MemberShards,
    Shard,
    manifest_of,
    write_manifest,
)
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.softlabels.store.store import Store


class CaptureInputs(Protocol):
    """The inputs of one teacher, in canonical order; can be iterated again."""

    def __len__(self) -> int:
        """How many inputs there are."""

    def __iter__(self) -> Iterator[CaptureInput]:
        """Yield the inputs."""


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """One teacher and its inputs."""

    teacher: Teacher
    inputs: CaptureInputs


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """What to capture; `capture_set` runs the teachers.

    Attributes:
        jobs: one per member, over the same examples in the same order.
        sparsifier: decides what is kept of each distribution.
        combination: how the members are combined.
        store: holds earlier captures, and receives the new one.
        rows_per_shard: the average number of rows of a shard.
        pilot_positions: how many positions a pilot uses, if tau has not been solved yet.
        class_names: the names in the order of the labels; None for a vocabulary.
        examples: the digest of the examples, which the set records; None for inputs that come from
            no table of examples.
    """

    jobs: tuple[CaptureJob, ...]
    sparsifier: SparsifierRequest
    combination: Combination
    store: Store
    rows_per_shard: int
    pilot_positions: int
    class_names: tuple[str, ...] | None
    examples: str | None = None

    @property
    def rows(self) -> int:
        """How many rows there are over all members."""
        return sum(len(job.inputs) for job in self.jobs)


Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def capture_set(
    request: CaptureRequest, folder: Path, progress: Progress, log: Callable[[str], None]
) -> list[CaptureCounts]:
    """Capture what the store lacks, and commit a staged set to `folder`.

    Args:
        request: the teachers, their inputs, and what to keep.
        folder: the folder of the manifest; an older manifest is replaced.
        progress: takes a label and a total, and returns a context that yields a callback for the
            number of rows done.
        log: is called with a line for each member, and with the result of a pilot.

    Returns:
        For each member, where its rows came from.

    Raises:
        SoftLabelError: the members could not be combined, and no teacher was run; or an answer
            cannot be used.
    """
    stand_ins = [request.sparsifier.stand_in] * len(request.jobs)
    require_combinable(stand_ins, request.combination)
    with request.store.in_use():
        return _capture_set(request, folder, progress, log)


def _capture_set(
    request: CaptureRequest, folder: Path, progress: Progress, log: Callable[[str], None]
) -> list[CaptureCounts]:
    members, counts = [], []
    for number, job in enumerate(request.jobs):
        member = solved_member(
            job.teacher,
            request.sparsifier,
            job.inputs,
            request.store,
            request.pilot_positions,
            log,
        )
        capture = MemberCapture(member, request.store, request.rows_per_shard)
        label = f"teacher {number + 1} of {len(request.jobs)}"
        with progress(label, len(job.inputs)) as tick:
            shards = tuple(capture.shards(job.inputs, tick))
        members.append(_member_shards(member, shards))
        counts.append(capture.counts)
        log(f"{label}: {capture.counts}")
    manifest = manifest_of(
        tuple(members),
        request.combination,
        CODEC,
        request.jobs[0].teacher.classes,
        request.class_names,
        request.examples,
    )
    write_manifest(folder, manifest)
    return counts


def open_staged(folder: Path, store: Store) -> SoftLabelSet:
    """Open a staged set.

    Raises:
        SoftLabelError: the manifest is missing or malformed.
    """

    def path(member: int, shard: Shard) -> Path:
        return store.of(labels.manifest.captures[member], CODEC).path(shard)

    labels = SoftLabelSet(folder, path)
    return labels


def materialise(labels: SoftLabelSet, folder: Path) -> None:
    """Write a set with its own shards into an empty folder: the shards, then the manifest."""
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    for number, member in enumerate(labels.manifest.members):
        for shard in member.shards:
            clone(labels.path(number, shard), folder / SHARDS / shard.name)
    write_manifest(folder, labels.manifest)


def _member_shards(member: Member, shards: Iterable[Shard]) -> MemberShards:
    return MemberShards(
        capture=member.capture, bias=member.capture.sparsifier.bias, shards=tuple(shards)
    )
