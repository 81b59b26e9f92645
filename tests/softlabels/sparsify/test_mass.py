"""Mass: sums and points of distributions, against numbers by hand and in float64."""

import math

import numpy as np
import pytest
import torch
from dense_answers import entropy as entropy_of
from dense_answers import normal_logits, softmax
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.mass import Shifted, entropy, load, locate, mass, masses, shift

SIZES = [2, 255, 256, 257, 1000, 100_000]


def shifted_of(logits: torch.Tensor, first: int = 0) -> Shifted:
    return shift(load(logits, first))


def of_p(*p: float) -> torch.Tensor:
    return torch.tensor([p], dtype=torch.float32).log()


def test_mass_by_hand() -> None:
    # Less their maximum ln 4 the logits are ln(1/4), ln(1/2), 0, ln(1/4); at T = 2 the roots.
    shifted = shifted_of(of_p(1, 2, 4, 1))
    assert mass(shifted, 1.0).e.flatten().tolist() == pytest.approx([0.25, 0.5, 1, 0.25])
    assert mass(shifted, 1.0).z.tolist() == pytest.approx([2.0])
    assert mass(shifted, 2.0).z.tolist() == pytest.approx([0.5 + math.sqrt(0.5) + 1 + 0.5])


@pytest.mark.parametrize("classes", SIZES)
def test_each_probability_is_right_to_a_few_parts_in_a_million(classes: int) -> None:
    logits = normal_logits(2, classes)
    found = mass(shifted_of(torch.from_numpy(logits)), 1.0)
    p = (found.e.flatten(1).double() / found.z[:, None]).numpy()
    exact = softmax(logits)
    # float32: the difference x is off by |x| / 2^24, the exponential by 2 / 2^24.
    x = logits.max(axis=1, keepdims=True) - logits
    bound = (np.abs(x) + 4) / 2**24 + 3e-7
    assert (np.abs(p[:, :classes] / exact - 1) <= bound).all()
    assert not p[:, classes:].any()


@pytest.mark.parametrize(
    "temperatures", [(1.0, 2.0, 4.0, 8.0, 20.0), (3.0, 0.5, 1.0), (4.0, 1.0), (7.0,)]
)
def test_sums_at_several_temperatures_are_those_of_float64(temperatures: tuple[float, ...]) -> None:
    logits = normal_logits(3, 1000, scale=6)
    found = masses(shifted_of(torch.from_numpy(logits)), temperatures)
    assert set(found) == set(temperatures)
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    for temperature in temperatures:
        exact = np.exp(shifted / temperature).sum(axis=1)
        assert found[temperature].z.numpy() == pytest.approx(exact, rel=5e-6)
    lowest = found[min(temperatures)]
    e = np.exp(shifted / min(temperatures))
    assert lowest.e.flatten(1)[:, :1000].numpy() == pytest.approx(e, rel=3e-5, abs=1e-9)


@pytest.mark.parametrize("classes", SIZES)
@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0])
def test_entropy_is_that_of_float64(classes: int, scale: float) -> None:
    logits = normal_logits(3, classes, scale=scale)
    shifted = shifted_of(torch.from_numpy(logits))
    found = entropy(shifted, mass(shifted, 1.0)).numpy()
    assert found == pytest.approx(entropy_of(softmax(logits)), rel=2e-6, abs=2e-6)


def test_entropy_by_hand() -> None:
    def of(logits: torch.Tensor) -> float:
        shifted = shifted_of(logits)
        return entropy(shifted, mass(shifted, 1.0)).item()

    # (1/8, 2/8, 4/8, 1/8): 2 * 3/8 + 2/4 + 1/2 bits = 1.75 bits
    assert of(of_p(1, 2, 4, 1)) == pytest.approx(1.75 * math.log(2))
    assert of(torch.zeros(1, 300)) == pytest.approx(math.log(300))
    assert of(of_p(1, 0, 0, 1)) == pytest.approx(math.log(2))
    assert of(torch.tensor([[0.0, 500.0]])) == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("row", [0, 2])
def test_nan_and_infinity_are_refused_with_their_row(bad: float, row: int) -> None:
    logits = torch.zeros(3, 5)
    logits[row, 4] = bad
    with pytest.raises(SoftLabelError, match=f"row {row} of a batch holds NaN or infinity"):
        shifted_of(logits)
    with pytest.raises(SoftLabelError, match=f"row {row + 40} "):
        shifted_of(logits, first=40)


def test_a_row_without_any_mass_is_refused() -> None:
    with pytest.raises(SoftLabelError, match="row 1"):
        shifted_of(torch.tensor([[0.0, -math.inf], [-math.inf, -math.inf]]))


def test_points_of_the_cumulative_mass_by_hand() -> None:
    # e = (1/4, 0, 1/2, 1, 1/4), z = 2: class 0 owns [0, 1/4), 2 [1/4, 3/4), 3 [3/4, 7/4), 4 the
    # rest; class 1 owns nothing.
    found = mass(shifted_of(of_p(1, 0, 2, 4, 1)), 1.0)
    points = torch.tensor([0, 0.2, 0.26, 0.7, 0.76, 1.7, 1.76, 1.999], dtype=torch.float64)
    classes = locate(found, torch.zeros(8, dtype=torch.long), points)
    assert classes.tolist() == [0, 0, 2, 2, 3, 3, 4, 4]


@given(st.integers(0, 1000), st.sampled_from([2, 5, 256, 257, 700]), st.floats(0, 0.5))
def test_the_middle_of_a_class_is_found_to_be_its_own(
    seed: int, classes: int, without_mass: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = normal_logits(2, classes, scale=2, seed=seed)
    logits[rng.random(logits.shape) < without_mass] = -np.inf
    logits[:, -1] = 0
    e = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    rows, ids = np.nonzero(e)
    middles = (e.cumsum(axis=1) - e / 2)[rows, ids]
    found = mass(shifted_of(torch.from_numpy(logits)), 1.0)
    classes_found = locate(found, torch.from_numpy(rows), torch.from_numpy(middles))
    # A class thinner than float32's sums are wide may be missed.
    wide = (e / e.sum(axis=1, keepdims=True))[rows, ids] > 1e-5
    assert (classes_found.numpy() == ids)[wide].all()


@given(st.integers(0, 1000))
def test_a_class_without_mass_is_never_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.full((1, 600), -math.inf)
    support = rng.choice(600, size=rng.integers(1, 5), replace=False)
    logits[0, support] = 1.5
    found = mass(shifted_of(logits), 1.0)
    edges = [0.0, *(np.arange(1, len(support)) * 1.0), math.nextafter(len(support), 0)]
    points = torch.tensor([*edges, *rng.random(20) * len(support)], dtype=torch.float64)
    classes = locate(found, torch.zeros(len(points), dtype=torch.long), points)
    assert set(classes.tolist()) <= set(support.tolist())
