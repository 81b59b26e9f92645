"""Solve for tau: a request for a sparsifier in, a complete sparsifier out.

    ThresholdRequest ──the tau in the store, or a pilot's──> Threshold
    any other sparsifier ──> itself

A tau is solved once per teacher. New rows do not change it, so an incremental capture equals one
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
from stillroom.softlabels.capture.pilot import Pilot
from stillroom.softlabels.sparsify.sparsifiers import Sparsifier, Threshold
from stillroom.softlabels.store.store import Store

# Appears in an error message if a set was captured with another kind of sparsifier.
UNKNOWN_TAU = 0.5


@dataclass(frozen=True, slots=True)
class ThresholdRequest:
    """A `Threshold` without its tau: the average number of entries, and the temperature."""

    entries: float
    temperature: float

    def is_met_by(self, sparsifier: Sparsifier) -> bool:
        """Return whether a sparsifier is the requested one, regardless of its tau."""
        return (
            isinstance(sparsifier, Threshold)
            and sparsifier.entries == self.entries
            and sparsifier.temperature == self.temperature
        )

    def at(self, tau: float) -> Threshold:
        """Return the sparsifier with this tau."""
        return Threshold(entries=self.entries, tau=tau, temperature=self.temperature)


SparsifierRequest = Sparsifier | ThresholdRequest


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
        request: the sparsifier, or a threshold without its tau.
        inputs: can be iterated again; the pilot runs on some of them.
        store: holds the tau of an earlier capture.
        pilot_positions: how many positions a pilot uses.
        log: is called with the result of a pilot.

    Raises:
        SoftLabelError: no tau keeps as many entries, or the store has several taus.
    """
    if not isinstance(request, ThresholdRequest):
        return teacher.keeping(request)
    stored = _stored_threshold(teacher, request, store)
    if stored is not None:
        return teacher.keeping(stored)
    pilot = _pilot(teacher, pilot_inputs(inputs, pilot_positions), request.temperature)
    tau = pilot.tau(request.entries)
    log(
        f"pilot of {pilot.positions:,} positions: tau {tau:.3g} keeps {request.entries:g} entries "
        "on average"
    )
    return teacher.keeping(request.at(tau))


def _pilot(teacher: Teacher, inputs: Sequence[CaptureInput], temperature: float) -> Pilot:
    """Return a pilot of the declared positions of some inputs; padding does not count."""
    pilot, lengths = Pilot(), iter(len(one.row.labels) for one in inputs)
    for logits in teacher.answer(np.stack([one.input() for one in inputs])):
        for answer, length in zip(logits, lengths, strict=False):
            pilot.see(answer.reshape(-1, answer.shape[-1])[:length], temperature)
    return pilot


def expected_sparsifier(request: SparsifierRequest, captured: Sparsifier) -> Sparsifier:
    """Return the sparsifier that is expected of a set that was captured with `captured`.

    Any tau is accepted for a request; every other difference is an error of the reader.
    """
    if not isinstance(request, ThresholdRequest):
        return request
    return request.at(captured.tau if isinstance(captured, Threshold) else UNKNOWN_TAU)


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


def _stored_threshold(
    teacher: Teacher, request: ThresholdRequest, store: Store
) -> Threshold | None:
    """Return the threshold of an earlier capture of this teacher, or None.

    Raises:
        SoftLabelError: there are several taus.
    """
    by_tau = {
        stored.capture.sparsifier.tau: stored.capture.sparsifier
        for _, stored in store.captures()
        if isinstance(stored.capture.sparsifier, Threshold)
        and request.is_met_by(stored.capture.sparsifier)
        and teacher.keeping(stored.capture.sparsifier).capture == stored.capture
    }
    if len(by_tau) > 1:
        raise SoftLabelError(
            f"the store has captures of this teacher at tau {', '.join(map(str, sorted(by_tau)))} "
            f"for {request.entries:g} entries. Set softlabels.tau to one of them."
        )
    return next(iter(by_tau.values()), None)
