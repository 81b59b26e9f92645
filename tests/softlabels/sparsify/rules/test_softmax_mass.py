"""Softmax mass: sums and points of distributions, against numbers by hand and in float64."""

import math

import numpy as np
import pytest
import torch
from support.softlabels.dense_reference import entropy as entropy_of
from support.softlabels.dense_reference import normal_logits, softmax

from stillroom.softlabels.sparsify.rules import softmax_mass as module
from stillroom.softlabels.sparsify.rules.row_max import with_row_max
from stillroom.softlabels.sparsify.rules.softmax_mass import mass, softmax_statistics

SIZES = [2, 255, 256, 257, 1000, 100_000]


def of_p(*p: float) -> torch.Tensor:
    return torch.tensor([p], dtype=torch.float32).log()


def test_mass_by_hand() -> None:
    # Minus their maximum ln 4 the logits are ln(1/4), ln(1/2), 0, ln(1/4); at T = 2 take the roots.
    logits = with_row_max(of_p(1, 2, 4, 1))
    assert mass(logits, 1.0).e.flatten().tolist() == pytest.approx([0.25, 0.5, 1, 0.25])
    assert mass(logits, 1.0).z.tolist() == pytest.approx([2.0])
    assert mass(logits, 2.0).z.tolist() == pytest.approx([0.5 + math.sqrt(0.5) + 1 + 0.5])


@pytest.mark.parametrize("classes", SIZES)
def test_each_probability_is_right_to_a_few_parts_in_a_million(classes: int) -> None:
    logits = normal_logits(2, classes)
    masses = mass(with_row_max(torch.from_numpy(logits)), 1.0)
    p = (masses.e.flatten(1).double() / masses.z[:, None]).numpy()
    exact = softmax(logits)
    # float32: the difference x has an error of |x| / 2^24, the exponential one of 2 / 2^24.
    x = logits.max(axis=1, keepdims=True) - logits
    bound = (np.abs(x) + 4) / 2**24 + 3e-7
    assert (np.abs(p[:, :classes] / exact - 1) <= bound).all()
    assert not p[:, classes:].any()


@pytest.mark.parametrize(
    "temperatures", [(1.0, 2.0, 4.0, 8.0, 20.0), (3.0, 0.5, 1.0), (4.0, 1.0), (7.0,)]
)
def test_sums_at_several_temperatures_are_those_of_float64(temperatures: tuple[float, ...]) -> None:
    logits = normal_logits(3, 1000, scale=6)
    statistics = softmax_statistics(with_row_max(torch.from_numpy(logits)), temperatures)
    assert set(statistics.z) == {1.0, *temperatures}
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    for temperature in temperatures:
        exact = np.exp(shifted / temperature).sum(axis=1)
        assert statistics.z[temperature].numpy() == pytest.approx(exact, rel=5e-6)
    e = np.exp(shifted / min(1.0, *temperatures))
    assert statistics.lowest.e.flatten(1)[:, :1000].numpy() == pytest.approx(e, rel=3e-5, abs=1e-9)


@pytest.mark.parametrize("classes", SIZES)
@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0])
def test_entropy_is_that_of_float64(classes: int, scale: float) -> None:
    logits = normal_logits(3, classes, scale=scale)
    values = softmax_statistics(with_row_max(torch.from_numpy(logits)), ()).entropy.numpy()
    assert values == pytest.approx(entropy_of(softmax(logits)), rel=2e-6, abs=2e-6)


def test_entropy_by_hand() -> None:
    def of(logits: torch.Tensor) -> float:
        return softmax_statistics(with_row_max(logits), ()).entropy.item()

    # (1/8, 2/8, 4/8, 1/8): 2 * 3/8 + 2/4 + 1/2 bits = 1.75 bits
    assert of(of_p(1, 2, 4, 1)) == pytest.approx(1.75 * math.log(2))
    assert of(torch.zeros(1, 300)) == pytest.approx(math.log(300))
    assert of(of_p(1, 0, 0, 1)) == pytest.approx(math.log(2))
    assert of(torch.tensor([[0.0, 500.0]])) == 0


@pytest.mark.parametrize("tile", [1, 600, 1100])
def test_where_tiles_end_changes_nothing(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = with_row_max(torch.from_numpy(normal_logits(8, 300)))
    whole = softmax_statistics(logits, (2.0, 0.5))
    monkeypatch.setattr(module, "TILE", tile)
    statistics = softmax_statistics(logits, (2.0, 0.5))
    assert torch.equal(statistics.entropy, whole.entropy)
    assert torch.equal(statistics.lowest.e, whole.lowest.e)
    assert all(torch.equal(statistics.z[at], whole.z[at]) for at in (0.5, 1.0, 2.0))
