"""Gradients of sparse labels, against numpy's gradients of the same distributions."""

import numpy as np
import pytest

from benchmarks.language.gradients import Line, Positions, figures, table, to_label
from benchmarks.softlabels.gemma import CausalTeacher
from stillroom.softlabels.columns.distributions import SparseDistributions
from stillroom.softlabels.format.input_key import input_keys
from stillroom.softlabels.format.row import Row

ROWS, CLASSES = 40, 300
TEACHER = CausalTeacher(None, "weights", CLASSES)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


@pytest.fixture(scope="module")
def positions() -> Positions:
    draws = np.random.default_rng(0)
    # Peaked positions and flat ones.
    sharp = draws.choice([0.5, 3.0], (ROWS, 1))
    teacher = (sharp * draws.standard_normal((ROWS, CLASSES))).astype(np.float32)
    student = teacher + draws.standard_normal((ROWS, CLASSES)).astype(np.float32)
    keys = input_keys(np.arange(ROWS)[:, None], "tokens", "none", [0] * ROWS)
    labels = teacher.argmin(axis=1).astype(np.int32)
    rows = tuple(Row(k, k, "p", 0, 0, labels[at : at + 1]) for at, k in enumerate(keys))
    return Positions(rows, teacher, student)


@pytest.fixture(scope="module")
def lines(positions: Positions) -> dict[str, Line]:
    return {line.name: line for line in table(TEACHER, positions, (12,))}


def renormalised(p: np.ndarray) -> np.ndarray:
    kept = np.where(p >= np.sort(p, axis=1)[:, -12:-11], p, 0)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def to_the_label(p: np.ndarray) -> np.ndarray:
    kept = np.where(p >= np.sort(p, axis=1)[:, -12:-11], p, 0)
    kept[np.arange(len(p)), p.argmin(axis=1)] += 1 - kept.sum(axis=1)
    return kept


@pytest.mark.parametrize(
    ("name", "treated"),
    [("topk, renormalised", renormalised), ("topk, ground_truth", to_the_label)],
)
def test_errors_angles_and_lengths_of_top_k(
    name: str, treated: object, positions: Positions, lines: dict[str, Line]
) -> None:
    p, q = softmax(positions.teacher), softmax(positions.student)
    w = treated(p)  # type: ignore[operator]
    full, sparse = (q - p).ravel(), (q - w).ravel()
    lengths = np.linalg.norm(full), np.linalg.norm(sparse)
    line = lines[name]
    assert line.entries == 12
    assert line.squared_error == pytest.approx(((w - p) ** 2).sum(axis=1).mean(), rel=1e-4)
    assert line.norm_ratio == pytest.approx(lengths[1] / lengths[0], rel=1e-3)
    cosine = full @ sparse / lengths[0] / lengths[1]
    assert line.angle == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-2)


def test_one_tau_for_all_has_the_least_error_of_the_unbiased(lines: dict[str, Line]) -> None:
    errors = {name: line.squared_error for name, line in lines.items() if "topk" not in name}
    assert min(errors, key=errors.__getitem__) == "threshold"
    assert lines["threshold"].entries == pytest.approx(12, rel=0.1)
    assert lines["sample"].entries == pytest.approx(12, rel=0.15)


def test_the_figures_show_whether_the_default_is_best(lines: dict[str, Line]) -> None:
    report = figures(list(lines.values()))
    assert [one.met for one in report] == [None] * len(lines) + [True]


def test_what_is_missing_goes_to_the_hard_label() -> None:
    weights = np.array([0.5, 0.3, 0.9])
    head = SparseDistributions(np.array([0, 0, 1]), np.array([1, 2, 0]), weights, 2, 4)
    given = to_label(head, np.array([2, 3])).dense()
    np.testing.assert_allclose(given, [[0, 0.5, 0.5, 0], [0.9, 0, 0, 0.1]], atol=1e-12)
