"""Settle: what is wanted of a teacher's answers in, a sparsifier with every number known out.

    ThresholdRequest ──tau kept in the store, or a pilot's──> Threshold
    any other sparsifier ──> itself

A tau is solved once. New rows do not move it, so incremental equals from-scratch.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import Member
from stillroom.softlabels.capture.chunks import Inputs, Question
from stillroom.softlabels.capture.pilot import Pilot
from stillroom.softlabels.sparsify.sparsifiers import Sparsifier, Threshold
from stillroom.softlabels.store.store import Store

# Stands in an error's text where a set of another kind of sparsifier was found.
UNKNOWN_TAU = 0.5


@dataclass(frozen=True, slots=True)
class ThresholdRequest:
    """A `Threshold` whose tau is not known yet: so many entries on average, at a temperature."""

    entries: float
    temperature: float

    def is_met_by(self, sparsifier: Sparsifier) -> bool:
        """Tell whether a sparsifier is what was asked for, with some tau."""
        return (
            isinstance(sparsifier, Threshold)
            and sparsifier.entries == self.entries
            and sparsifier.temperature == self.temperature
        )

    def at(self, tau: float) -> Threshold:
        """Return the sparsifier with this tau."""
        return Threshold(entries=self.entries, tau=tau, temperature=self.temperature)


Wanted = Sparsifier | ThresholdRequest


class Teacher(Protocol):
    """A teacher before it is settled what is kept of its answers."""

    @property
    def classes(self) -> int:
        """How many classes, or tokens, an answer spans."""

    def keeping(self, sparsifier: Sparsifier) -> Member:
        """Return the teacher as a member whose capture names this sparsifier."""

    def answer(self, inputs: Any) -> Iterable[Any]:
        """Yield logits, as `Member.answer`."""


def settled(
    teacher: Teacher,
    wanted: Wanted,
    questions: Iterable[Question],
    store: Store,
    pilot_positions: int,
    tell: Callable[[str], None],
) -> Member:
    """Return the teacher with a sparsifier whose every number is known.

    Args:
        teacher: who answers.
        wanted: what is to be kept.
        questions: can be walked more than once; the pilot asks about some of them.
        store: remembers the tau of an earlier capture.
        pilot_positions: how many positions a pilot looks at.
        tell: is told what a pilot found.

    Raises:
        SoftLabelError: no tau keeps so many entries.
    """
    if not isinstance(wanted, ThresholdRequest):
        return teacher.keeping(wanted)
    frozen = _frozen(teacher, wanted, store)
    if frozen is not None:
        return teacher.keeping(frozen)
    pilot = _piloted(teacher, sample(questions, pilot_positions), wanted.temperature)
    tau = pilot.tau(wanted.entries)
    tell(
        f"pilot of {pilot.positions:,} positions: tau {tau:.3g} keeps {wanted.entries:g} entries "
        "on average"
    )
    return teacher.keeping(wanted.at(tau))


def _piloted(teacher: Teacher, asked: Sequence[Question], temperature: float) -> Pilot:
    """Return a pilot that has seen the declared positions of some questions, and no others."""
    pilot, lengths = Pilot(), iter(len(question.row.labels) for question in asked)
    for logits in teacher.answer(np.stack([question.input() for question in asked])):
        for answer, length in zip(logits, lengths, strict=False):
            pilot.see(answer.reshape(-1, answer.shape[-1])[:length], temperature)
    return pilot


def settled_as(wanted: Wanted, found: Sparsifier) -> Sparsifier:
    """Return the sparsifier that a set should have which was captured with `found`.

    A tau that meets the request is taken over; whatever else differs is for the reader to refuse.
    """
    if not isinstance(wanted, ThresholdRequest):
        return wanted
    return wanted.at(found.tau if isinstance(found, Threshold) else UNKNOWN_TAU)


def sample(questions: Iterable[Question], positions: int) -> Sequence[Question]:
    """Return questions with at least `positions` positions in all, or every one.

    Those whose input keys come first: a uniform sample that depends on no order. The questions are
    walked twice, so that only the chosen inputs are held.
    """
    sizes = ((q.row.input_key, len(q.row.labels)) for q in questions)
    chosen: set[bytes] = set()
    seen = 0
    for key, size in heapq.nsmallest(positions, sizes):
        if seen < positions and key not in chosen:
            chosen.add(key)
            seen += size
    found: dict[bytes, Question] = {}
    for question in questions:
        key = question.row.input_key
        if key in chosen and key not in found:
            found[key] = Question(question.row, _Held(np.array(question.input())))
    return [found[key] for key in sorted(found)]


@dataclass(frozen=True, slots=True)
class _Held:
    """An input itself, not the batch that it lies in."""

    value: Inputs

    def __call__(self) -> Inputs:
        return self.value


def _frozen(teacher: Teacher, wanted: ThresholdRequest, store: Store) -> Threshold | None:
    """Return the threshold under which this teacher's answers are kept already, if there is one.

    Raises:
        SoftLabelError: there are several, with different taus.
    """
    found = {
        kept.capture.sparsifier.tau: kept.capture.sparsifier
        for _, kept in store.kept()
        if isinstance(kept.capture.sparsifier, Threshold)
        and wanted.is_met_by(kept.capture.sparsifier)
        and teacher.keeping(kept.capture.sparsifier).capture == kept.capture
    }
    if len(found) > 1:
        raise SoftLabelError(
            f"the store holds this teacher's answers at tau {', '.join(map(str, sorted(found)))} "
            f"for {wanted.entries:g} entries. Name one by softlabels.tau."
        )
    return next(iter(found.values()), None)
