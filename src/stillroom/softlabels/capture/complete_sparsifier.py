"""Complete a sparsifier: a request for a sparsifier in, a teacher that keeps it out.

    a sparsifier ──> itself
    a request without a number, as tau ──the number in the store, or a pilot's──> a sparsifier

A number is solved once per teacher. New rows do not change it, so an incremental capture equals one
from scratch.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import Member
from stillroom.softlabels.capture.chunks import CaptureInput, EncodedInput
from stillroom.softlabels.sparsify.pilot import Pilot
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.softlabels.store.store import Store


class Teacher(Protocol):
    """A teacher whose sparsifier is not chosen yet."""

    @property
    def classes(self) -> int:
        """How many classes, or tokens, an answer spans."""

    def keeping(self, sparsifier: Sparsifier) -> Member:
        """Return the teacher as a member whose capture names this sparsifier."""

    def answer(self, inputs: Any) -> Iterable[Any]:
        """Yield logits, as `Member.answer`."""


def solved_member(
    teacher: Teacher,
    request: SparsifierRequest,
    inputs: Iterable[CaptureInput],
    store: Store,
    pilot_positions: int,
    log: Callable[[str], None],
) -> Member:
    """Return the teacher as a member with a complete sparsifier.

    Args:
        teacher: the teacher.
        request: the sparsifier, or one that lacks a number.
        inputs: can be iterated again; the pilot runs on some of them.
        store: holds the number of an earlier capture.
        pilot_positions: how many positions a pilot uses.
        log: is called with the result of a pilot.

    Raises:
        SoftLabelError: no number fits the request, or the store has several.
    """
    complete = request.complete or _stored(teacher, request, store)
    if complete is not None:
        return teacher.keeping(complete)
    pilot = _pilot(teacher, pilot_inputs(inputs, pilot_positions), request.own_temperature)
    solved = request.solved(pilot)
    log(f"pilot of {pilot.positions:,} positions: {request.solution(solved)}")
    return teacher.keeping(solved)


def _pilot(teacher: Teacher, inputs: Sequence[CaptureInput], temperature: float) -> Pilot:
    """Return a pilot of the declared positions of some inputs; padding does not count."""
    pilot, lengths = Pilot(), iter(len(one.row.labels) for one in inputs)
    for logits in teacher.answer(np.stack([one.input() for one in inputs])):
        for answer, length in zip(logits, lengths, strict=False):
            pilot.see(answer.reshape(-1, answer.shape[-1])[:length], temperature)
    return pilot


def pilot_inputs(inputs: Iterable[CaptureInput], positions: int) -> Sequence[CaptureInput]:
    """Return inputs that have at least `positions` positions together, or all inputs.

    The smallest input keys are chosen: a uniform sample that does not depend on the order. The
    inputs are iterated twice, so that only the chosen ones are in memory.
    """
    sizes = ((one.row.input_key, len(one.row.labels)) for one in inputs)
    chosen: set[bytes] = set()
    total = 0
    for key, size in heapq.nsmallest(positions, sizes):
        if total < positions and key not in chosen:
            chosen.add(key)
            total += size
    by_key: dict[bytes, CaptureInput] = {}
    for one in inputs:
        key = one.row.input_key
        if key in chosen and key not in by_key:
            by_key[key] = CaptureInput(one.row, _Copy(np.array(one.input())))
    return [by_key[key] for key in sorted(by_key)]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy of one input, so that its batch can be freed."""

    value: EncodedInput

    def __call__(self) -> EncodedInput:
        return self.value


def _stored(teacher: Teacher, request: SparsifierRequest, store: Store) -> Sparsifier | None:
    """Return the sparsifier of an earlier capture of this teacher that meets a request, or None.

    Raises:
        SoftLabelError: there are several.
    """
    stored = dict.fromkeys(
        stored.capture.sparsifier
        for _, stored in store.captures()
        if request.is_met_by(stored.capture.sparsifier)
        and teacher.keeping(stored.capture.sparsifier).capture == stored.capture
    )
    if len(stored) > 1:
        raise SoftLabelError(request.ambiguity(list(stored)))
    return next(iter(stored), None)
