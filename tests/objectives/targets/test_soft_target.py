"""Targets: rows are selected together, and values that would become NaN are refused."""

import math

import pytest
import torch

from stillroom.errors import SoftLabelError
from stillroom.objectives.targets.soft_target import SoftTarget, stacked

WHOLE = SoftTarget(
    torch.tensor([[0, 1], [2, 3], [4, 5]]),
    {1.0: torch.arange(6.0).view(3, 2), 4.0: -torch.arange(6.0).view(3, 2)},
)


@pytest.mark.parametrize(
    "index", [torch.tensor([2, 0]), slice(None, None, 2), torch.tensor([True, False, True])]
)
def test_rows_keeps_ids_and_every_temperature_together(index: torch.Tensor | slice) -> None:
    part = WHOLE.rows(index)
    rows = [2, 0] if isinstance(index, torch.Tensor) and index.dtype == torch.int64 else [0, 2]
    assert part.ids.tolist() == [WHOLE.ids[row].tolist() for row in rows]
    for temperature in (1.0, 4.0):
        expected = [WHOLE.at(temperature)[row].tolist() for row in rows]
        assert part.at(temperature).tolist() == expected


def test_another_temperature_is_refused_and_those_at_hand_are_named() -> None:
    with pytest.raises(SoftLabelError, match=r"holds at temperature 1, 4, .* needs 2\."):
        WHOLE.at(2.0)


def test_what_is_missing_is_one_less_the_sum_and_never_negative() -> None:
    log_p = torch.tensor([[0.5, 0.25], [0.75, 0.25], [0.75, 0.2500001]]).log()
    missing = SoftTarget(torch.zeros(3, 2, dtype=torch.int64), {1.0: log_p}).missing(1.0)
    assert missing.tolist() == pytest.approx([0.25, 0.0, 0.0], abs=1e-6)
    assert (missing >= 0).all()


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ([0.0, math.nan], "NaN or infinity"),
        ([math.inf, 0.0], "NaN or infinity"),
        ([-math.inf, -math.inf], "no probability at all"),
    ],
)
def test_a_target_that_would_make_a_loss_nan_is_named(row: list[float], what: str) -> None:
    target = SoftTarget(torch.tensor([[0, 1], [0, 1]]), {2.0: torch.tensor([[0.0, -1.0], row])})
    with pytest.raises(SoftLabelError, match=f"row 1 holds {what} at temperature 2"):
        target.require_finite()


def test_a_class_without_probability_is_allowed() -> None:
    log_p = torch.tensor([[0.0, -math.inf]])
    SoftTarget(torch.tensor([[0, 1]]), {1.0: log_p}).require_finite()


def test_a_wider_target_has_more_distinct_ids_without_probability() -> None:
    narrow = SoftTarget(torch.tensor([[3, 0], [1, 2]]), {1.0: torch.tensor([[-1.0, -2.0]] * 2)})
    wide = narrow.widened(4)
    assert wide.ids.tolist() == [[3, 0, 1, 2], [1, 2, 0, 3]]
    assert wide.at(1.0).tolist() == [[-1.0, -2.0, -math.inf, -math.inf]] * 2
    assert narrow.widened(2) is narrow


def test_stacked_targets_are_as_wide_as_the_widest() -> None:
    one = SoftTarget(torch.tensor([[5]]), {2.0: torch.tensor([[0.0]])})
    both = stacked([one, WHOLE_AT_2])
    assert both.ids.tolist() == [[5, 0], [4, 6]]
    assert both.at(2.0).tolist() == [[0.0, -math.inf], [-0.5, -1.5]]


WHOLE_AT_2 = SoftTarget(torch.tensor([[4, 6]]), {2.0: torch.tensor([[-0.5, -1.5]])})


def test_whole_targets_need_no_table_of_ids() -> None:
    log_p = torch.randn(5, 3).log_softmax(1)
    target = SoftTarget.whole({1.0: log_p, 2.0: log_p / 2})
    assert target.ids.untyped_storage().nbytes() == 3 * 8
    part = target.rows(torch.tensor([4, 0]))
    assert part.in_order
    assert part.ids.tolist() == [[0, 1, 2]] * 2
    assert torch.equal(part.at(2.0), log_p[[4, 0]] / 2)
    both = stacked([part, target.rows(slice(1, 2))])
    assert both.in_order
    assert torch.equal(both.at(1.0), log_p[[4, 0, 1]])
    assert not stacked([part, SoftTarget(part.ids, part.log_p)]).in_order


def test_a_whole_target_of_nothing_is_a_mistake_and_nothing_is_a_target() -> None:
    with pytest.raises(ValueError, match="one temperature at least"):
        SoftTarget.whole({})
    assert SoftTarget.nothing(3).ids.shape == (3, 0)
    assert SoftTarget.nothing(3).rows(torch.tensor([1])).ids.shape == (1, 0)
