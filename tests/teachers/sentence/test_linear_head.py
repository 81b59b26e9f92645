"""Linear heads: the head is that of a converged fit by sklearn."""

import logging

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from stillroom.teachers.sentence.linear_head import STRENGTHS, LinearHead, fit_head, fit_heads

ROWS, WIDTH = 240, 12


def clusters(classes: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return vectors of length 1 around a centre per class, with axes of very unequal variance."""
    draws = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), draws.integers(0, classes, ROWS - classes)])
    noise = draws.normal(size=(ROWS, WIDTH)) * np.geomspace(1, 0.05, WIDTH)
    vectors = draws.normal(size=(classes, WIDTH))[labels] + 1.5 * noise + 0.5
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels


def probabilities(head: LinearHead, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(softmax(vectors @ head.weights.T + head.bias, axis=1))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_head_is_where_the_penalised_nll_is_flat(classes: int) -> None:
    draws = np.random.default_rng(0)
    vectors, labels = draws.normal(size=(60, 4)), draws.integers(0, classes, 60)
    head = fit_head(vectors, labels, 0.5, 1000)
    logits = vectors @ head.weights.T + head.bias
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    slope = (p - np.eye(classes)[labels]).T
    # With two classes, sklearn penalises the difference of their weights, which is twice each.
    penalty = head.weights / 0.5 * (2 if classes == 2 else 1)
    np.testing.assert_allclose(slope @ vectors + penalty, 0, atol=1e-2)
    np.testing.assert_allclose(slope.sum(axis=1), 0, atol=1e-2)
    expected = -np.log(p[np.arange(60), labels]).mean()
    assert head.nll(vectors, labels) == pytest.approx(expected)


@pytest.mark.parametrize("classes", [2, 7])
def test_each_head_has_the_probabilities_of_a_converged_fit_by_sklearn(classes: int) -> None:
    vectors, labels = clusters(classes)
    heads = fit_heads(vectors, labels, STRENGTHS[-1], 1000)
    assert tuple(heads) == STRENGTHS
    for strength, head in heads.items():
        fitted = LogisticRegression(C=strength, max_iter=100_000, tol=1e-9).fit(vectors, labels)
        expected = fitted.predict_proba(vectors)
        assert np.abs(probabilities(head, vectors) - expected).max() < 1e-3


def test_the_strength_with_the_lowest_nll_on_other_rows_is_that_of_sklearn() -> None:
    vectors, labels = clusters(7)
    labels[::8] = (labels[::8] + 1) % 7  # wrong labels, so that the largest C is not the best
    train, others = slice(0, 160), slice(160, None)
    heads = fit_heads(vectors[train], labels[train], STRENGTHS[-1], 1000)
    ours = {c: head.nll(vectors[others], labels[others]) for c, head in heads.items()}
    theirs = {}
    for strength in STRENGTHS:
        fitted = LogisticRegression(C=strength, max_iter=1000).fit(vectors[train], labels[train])
        p = fitted.predict_proba(vectors[others])
        theirs[strength] = -np.log(p[np.arange(len(p)), labels[others]]).mean()
    assert min(ours, key=ours.__getitem__) == min(theirs, key=theirs.__getitem__) < STRENGTHS[-1]
    np.testing.assert_allclose(list(ours.values()), list(theirs.values()), rtol=2e-2)


def test_a_head_has_the_same_bits_regardless_of_larger_strengths() -> None:
    vectors, labels = clusters(5)
    alone = fit_head(vectors, labels, 10.0, 1000)
    among = fit_heads(vectors, labels, 100.0, 1000)[10.0]
    np.testing.assert_array_equal(alone.weights, among.weights)
    np.testing.assert_array_equal(alone.bias, among.bias)


def test_the_sums_over_batches_of_rows_are_those_over_all_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors, labels = clusters(5)
    whole = fit_head(vectors, labels, 3.0, 1000)
    monkeypatch.setattr("stillroom.teachers.sentence.linear_head.ROWS_AT_ONCE", 7)
    cut = fit_head(vectors, labels, 3.0, 1000)
    assert np.abs(probabilities(whole, vectors) - probabilities(cut, vectors)).max() < 1e-4


def test_too_few_steps_are_named(caplog: pytest.LogCaptureFixture) -> None:
    vectors, labels = clusters(5)
    with caplog.at_level(logging.WARNING):
        fit_head(vectors, labels, 1.0, 2)
    assert "has not converged in 2 steps. Raise teacher.head.steps" in caplog.text
    caplog.clear()
    fit_head(vectors, labels, 1.0, 1000)
    assert not caplog.text


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = clusters(5)
    monkeypatch.setattr("stillroom.teachers.sentence.linear_head.ROWS_AT_ONCE", 16)
    heads = []
    for threads in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda threads=threads: threads)
        heads.append(fit_head(vectors, labels, 10.0, 1000))
    np.testing.assert_array_equal(heads[0].weights, heads[1].weights)
    np.testing.assert_array_equal(heads[0].bias, heads[1].bias)
