"""Sizes and errors: bytes per position and entry, squared error against top-k and `sample`.

Squared errors are those of what is read back from the disk: sum over all ids of (w - p)^2, the
mean over positions; they include the codec's rounding.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.project import Figure
from benchmarks.softlabels.answers import Answered
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.pilot import EDGES, Pilot
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

WHOLE = 262_144


@dataclass(frozen=True)
class Measured:
    """The averages of a captured set over its positions."""

    bytes: float
    entries: float
    error: float


def measure_sizes(answers: Answered) -> list[Figure]:
    """Measure all of them."""
    return [
        _against_top_k(answers),
        *(_bytes_per_entry(answers, classes) for classes in (65_536, 32_768)),
        *(_against_sample(answers, entries) for entries in (25, 50)),
    ]


def measured(answers: Answered, sparsifier: Sparsifier, classes: int) -> Measured:
    """Capture a set and compare it with the dense distributions."""
    with TemporaryDirectory(prefix="stillroom-bench-", dir="build") as folder:
        labels = answers.labels(sparsifier, classes, Path(folder))
        return _compared(labels, answers, classes)


def _compared(labels: SoftLabelSet, answers: Answered, classes: int) -> Measured:
    names = [(row, 0, 0) for row in _example_ids(labels)]
    errors, entries = [], []
    for name, p in zip(names, answers.p(classes), strict=True):
        distributions = labels.distributions([name], 1.0)
        at = p[distributions.owners, distributions.ids]
        missing = (p**2).sum() - (at**2).sum()
        errors.append((((distributions.weights - at) ** 2).sum() + missing) / len(p))
        entries.append(len(distributions.ids) / len(p))
    positions = len(names) * len(p)
    size = sum(shard.bytes for shard in labels.manifest.members[0].shards)
    return Measured(size / positions, float(np.mean(entries)), float(np.mean(errors)))


def _example_ids(labels: SoftLabelSet) -> list[bytes]:
    return [key for _, t in labels.tables(0) for key in t["example_id"].to_pylist()]


def _against_top_k(answers: Answered) -> Figure:
    """Measure the set at the threshold whose error is that of renormalised top-k 128."""
    top_k = float(np.mean([_top_k_error(p, 128) for p in answers.p(WHOLE)]))
    tau = float(EDGES[np.searchsorted(_errors(answers, WHOLE), top_k)])
    pilot = _pilot(answers, WHOLE)
    entries = float(np.interp(tau, EDGES, pilot.entries()))
    compared = measured(answers, Threshold(entries=entries, tau=tau, temperature=1.0), WHOLE)
    return Figure(
        f"bytes per position, threshold with the squared error of renormalised top-k 128 "
        f"({compared.error:.2e}, top-k {top_k:.2e}; {compared.entries:.1f} entries)",
        f"{compared.bytes:.1f}",
        "<= 90",
        compared.bytes <= 90 and compared.error <= 1.02 * top_k,
        {"top_k_error": top_k, "tau": tau, **vars(compared)},
    )


def _bytes_per_entry(answers: Answered, classes: int) -> Figure:
    tau = _pilot(answers, classes).tau(50.0)
    compared = measured(answers, Threshold(entries=50.0, tau=tau, temperature=1.0), classes)
    share = compared.bytes / compared.entries
    return Figure(
        f"bytes per stored entry, threshold at {compared.entries:.1f} entries, V = {classes:,}",
        f"{share:.2f}",
        "<= 1.9",
        share <= 1.9,
        vars(compared),
    )


def _against_sample(answers: Answered, entries: int) -> Figure:
    draws = _draws_for(answers, entries)
    sampled = measured(answers, Sample(samples=draws, temperature=1.0), WHOLE)
    tau = _pilot(answers, WHOLE).tau(sampled.entries)
    kept = measured(answers, Threshold(entries=sampled.entries, tau=tau, temperature=1.0), WHOLE)
    ratio = kept.error / sampled.error
    return Figure(
        f"squared error of threshold ({kept.entries:.1f} entries) over sample "
        f"({sampled.entries:.1f} distinct of {draws} draws)",
        f"{ratio:.2f}",
        "<= 0.50",
        ratio <= 0.5,
        {"threshold": vars(kept), "sample": vars(sampled)},
    )


def _pilot(answers: Answered, classes: int) -> Pilot:
    pilot = Pilot()
    for logits in answers.logits:
        pilot.see(np.array(logits[:-1, :classes]), 1.0)
    return pilot


def _errors(answers: Answered, classes: int) -> np.ndarray:
    """Return the expected squared error at each edge as tau: sum of p (tau - p) over p < tau."""
    mass, square, positions = np.zeros(len(EDGES) + 1), np.zeros(len(EDGES) + 1), 0
    for p in answers.p(classes):
        kept = p[p > EDGES[0] / 100]
        at = np.searchsorted(EDGES, kept, side="right")
        mass += np.bincount(at, weights=kept, minlength=len(mass))
        square += np.bincount(at, weights=kept**2, minlength=len(mass))
        mass[0] += 1.0 * len(p) - kept.sum()
        positions += len(p)
    below = mass.cumsum()[: len(EDGES)], square.cumsum()[: len(EDGES)]
    return (below[0] * EDGES - below[1]) / positions


def _top_k_error(p: np.ndarray, k: int) -> float:
    head = np.partition(p, p.shape[1] - k, axis=1)[:, -k:]
    held = head.sum(axis=1, keepdims=True)
    tail = (p**2).sum() - (head**2).sum()
    return float((((head / held - head) ** 2).sum() + tail) / len(p))


def _draws_for(answers: Answered, entries: int) -> int:
    """Return how many draws give about this many distinct ids on average."""
    p = next(answers.p(WHOLE))[::8]
    low, high = entries, 100 * entries
    while high - low > 1:
        middle = (low + high) // 2
        distinct = float((-np.expm1(middle * np.log1p(-np.minimum(p, 1 - 1e-12)))).sum(1).mean())
        low, high = (middle, high) if distinct < entries else (low, middle)
    return high
