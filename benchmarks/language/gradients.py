"""Gradients: what each sparsifier keeps of Gemma's answers, and how it changes a gradient.

    Gemma, all of the text before ──> p [n, V] ──sparsify, encode, decode──> w ──┐
    Gemma, 16 tokens of it at most ──> the student's q ──────────────────────────┴──> its gradient

A table by kind and size: expected squared error of what is read back, angle and length of the
gradient at the student's logits beside that from full answers. The student is a language model that
knows less. What it still has to learn is small and in the tail, as it is late in a distillation.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.project import Figure
from benchmarks.softlabels.gemma import CausalTeacher, gemma, sequences
from stillroom.no_label import NO_LABEL
from stillroom.objectives.kinds.build_term import soft_term
from stillroom.objectives.mixture import Mixture
from stillroom.objectives.targets.ragged_targets import RaggedTargets
from stillroom.softlabels.capture.complete_sparsifier import Teacher
from stillroom.softlabels.columns.distributions import (
    Distributions,
    Doubles,
    SparseDistributions,
    mixture,
)
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.plan.fidelity import Fidelity, Gradient, MissingMass, Reference
from stillroom.softlabels.plan.measure import MemberAnswers, SampleAnswers
from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.pilot import Pilot
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

ENTRIES = (6, 12, 25, 50, 128)
SEQUENCES, LENGTH, WINDOW, EVERY = 4, 513, 16, 4
AT_ONCE = 128  # positions whose dense distributions are in memory, in several copies
T = 1.0


Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Positions:
    """Positions of the text, with the logits of teacher and student there, [n, V] each."""

    rows: tuple[Row, ...]
    teacher: Floats
    student: Floats

    def part(self, at: slice) -> "Positions":
        """Return some of the positions."""
        return Positions(self.rows[at], self.teacher[at], self.student[at])


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        name: the kind; for top-k also the treatment of its missing mass.
        size: the requested number of entries.
        entries: the number that is stored on average.
        squared_error, angle, norm_ratio: as of `Fidelity`, the mean over batches of positions.
    """

    name: str
    size: int
    entries: float
    squared_error: float
    angle: float
    norm_ratio: float


def measure_gradients(data: Path) -> list[Figure]:
    """Measure every kind at every size.

    Raises:
        MissingError: the model or the text is not there.
    """
    return figures(table(gemma(), text_positions(data, gemma()), ENTRIES))


def text_positions(data: Path, model: CausalTeacher) -> Positions:
    """Return every `EVERY`th position of some sequences."""
    wide, short = sequences(data, SEQUENCES, LENGTH), LENGTH - 1
    windows = sequences(data, SEQUENCES * short // WINDOW, WINDOW + 1)
    places = np.arange(0, short, EVERY)
    teacher = [answer[0, places].numpy() for answer in model.answer(wide)]
    student = [answer[0, :WINDOW:EVERY].numpy() for answer in model.answer(windows)]
    labels = wide[:, 1:][:, places].reshape(-1)
    cells = np.stack(np.meshgrid(np.arange(SEQUENCES), places, indexing="ij"), -1).reshape(-1, 2)
    keys = input_keys(cells, "gemma3 tokenizer", "none", [0] * len(cells))
    rows = tuple(
        Row(key, key, "wikitext2", 0, 0, np.array([label], np.int32))
        for key, label in zip(keys, labels, strict=True)
    )
    return Positions(rows, np.concatenate(teacher), np.concatenate(student))


def table(teacher: Teacher, positions: Positions, sizes: tuple[int, ...]) -> list[Line]:
    """Return one line for each kind and size, kind by kind."""
    pilot = Pilot()
    pilot.see(positions.teacher, T)
    by_line: dict[tuple[str, int], list[tuple[float, Fidelity]]] = {}
    for start in range(0, len(positions.rows), AT_ONCE):
        for key, one in _batch(
            teacher, positions.part(slice(start, start + AT_ONCE)), pilot, sizes
        ):
            by_line.setdefault(key, []).append(one)
    return [_line(name, size, of) for (name, size), of in sorted(by_line.items())]


def _batch(
    teacher: Teacher, positions: Positions, pilot: Pilot, sizes: tuple[int, ...]
) -> Iterator[tuple[tuple[str, int], tuple[float, Fidelity]]]:
    """Yield the sparse distributions of some positions for each kind and size."""
    scales = SampleAnswers(
        answers=[MemberAnswers(teacher, positions.rows, positions.teacher)],
        pilots=[pilot],
        combination=Combination.of("probability", [1.0]),
        temperature=T,
        rows_per_shard=len(positions.rows),
    )
    reference = Reference(scales.full(), gradient_at(positions.student))
    labels = np.concatenate([row.labels for row in positions.rows]).astype(np.int64)
    for size in sizes:
        for wanted in kinds(size, pilot):
            measures = scales.measure(wanted)
            for name, draws, missing in _treated(wanted, measures.draws, labels):
                fidelity = reference.fidelity(draws, measures.retained_mass, missing)
                yield (name, size), (measures.entries, fidelity)


def kinds(size: int, pilot: Pilot) -> list[SparsifierRequest]:
    """Return every sparsifier with this many entries. Samples have this many distinct ids."""
    draws = CandidateGrid(size + 1, [pilot], (T,), T).samples_for(size)
    every: list[SparsifierRequest] = [
        TopK(k=size, temperatures=(T,)),
        FixedThreshold(k=size, temperature=T),
        ThresholdRequest(float(size), T),
    ]
    return every if draws is None else [*every, Sample(samples=draws, temperature=T)]


def _treated(
    wanted: SparsifierRequest, draws: list[Distributions], labels: NDArray[np.int64]
) -> list[tuple[str, list[Distributions], MissingMass]]:
    """Return a name, the draws and the treatment of missing mass; for top-k, all treatments."""
    if not isinstance(wanted, TopK):
        return [(wanted.kind, draws, "unbiased")]
    return [
        ("topk, renormalised", draws, "renormalise"),
        ("topk, tail_bucket", draws, "tail_bucket"),
        ("topk, ground_truth", [to_label(one, labels) for one in draws], "unbiased"),
    ]


def to_label(distributions: Distributions, labels: NDArray[np.int64]) -> Distributions:
    """Return the distributions with their missing mass at the hard label, [N]."""
    missing = (1 - distributions.masses).clip(min=0)
    rest = SparseDistributions(
        np.arange(len(distributions)), labels, missing, len(distributions), distributions.classes
    )
    return mixture([distributions, rest], [1.0, 1.0])


def gradient_at(student: Floats) -> Gradient:
    """Return the gradient of the forward KL at a student's logits [n, V], flat."""
    logits = torch.from_numpy(student).requires_grad_()
    none = torch.full((len(logits),), NO_LABEL)

    def gradient(targets: Distributions, missing: MissingMass) -> Doubles:
        ragged = RaggedTargets.of({T: targets}, np.ones(len(targets), np.int64))
        target = ragged.rows(torch.arange(len(targets)))
        loss = Mixture(0.0, ((1.0, soft_term("forward_kl", T, missing)),))
        (derivative,) = torch.autograd.grad(loss(logits, none, target), logits)
        return np.asarray(derivative.flatten().double().numpy())

    return gradient


def _line(name: str, size: int, of: list[tuple[float, Fidelity]]) -> Line:
    return Line(
        name,
        size,
        mean(entries for entries, _ in of),
        mean(one.squared_error for _, one in of),
        mean(one.angle for _, one in of),
        mean(one.gradient_norm_ratio for _, one in of),
    )


def figures(lines: list[Line]) -> list[Figure]:
    """Return the table, and how the default's error compares with those of its rivals."""
    return [*map(_figure, lines), *(_compared(size, lines) for size in _sizes(lines))]


def _figure(line: Line) -> Figure:
    return Figure(
        f"gradient, {line.name} at {line.size} ({line.entries:.1f} entries)",
        f"error {line.squared_error:.1e}, {line.angle:.1f}°, norm {line.norm_ratio:.2f}",
        "as it comes",
        None,
        asdict(line),
    )


def _compared(size: int, lines: list[Line]) -> Figure:
    errors = {line.name: line.squared_error for line in lines if line.size == size}
    own = errors.pop("threshold")
    rivals = {name: error for name, error in errors.items() if not name.startswith("topk")}
    best = min(rivals, key=rivals.__getitem__)
    ratio = own / rivals[best]
    return Figure(
        f"squared error of threshold over the best other unbiased one ({best}), {size} entries",
        f"{ratio:.2f} ({own:.1e} of {rivals[best]:.1e})",
        "<= 1",
        ratio <= 1,
        {"threshold": own, **rivals},
    )


def _sizes(lines: list[Line]) -> list[int]:
    return sorted({line.size for line in lines})
