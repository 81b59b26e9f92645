"""Gathered logits: sums over classes that are not stored, against the dense ones."""

import math

import pytest
import torch

from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.targets.soft_target import SoftTarget

LOGITS = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
IDS = torch.tensor([[3, 0], [1, 2]])


def test_the_rest_is_what_is_not_among_the_ids() -> None:
    seen = gather(LOGITS, SoftTarget(IDS, {}), torch.tensor([2, -1]), [1.0, 2.0])
    assert seen.head.tolist() == [[4.0, 1.0], [0.0, 0.0]]
    assert seen.rest[1.0].tolist() == pytest.approx([math.log(math.e**2 + math.e**3), math.log(2)])
    assert seen.rest[2.0].tolist() == pytest.approx([math.log(math.e + math.e**1.5), math.log(2)])
    assert seen.find_label()[0].item() == 3.0


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_outcomes_are_the_softmax_with_the_rest_as_one(temperature: float) -> None:
    seen = gather(LOGITS, SoftTarget(IDS, {}), torch.tensor([2, 0]), [temperature])
    whole = (LOGITS / temperature).softmax(1)
    outcomes = seen.log_q(temperature).exp()
    assert torch.allclose(outcomes[:, :2], whole.gather(1, IDS))
    assert torch.allclose(outcomes[:, 2], 1 - whole.gather(1, IDS).sum(1))
    labels = whole.gather(1, torch.tensor([[2], [0]]))[:, 0]
    assert torch.allclose(seen.log_q_label(temperature), labels.log())
    assert torch.allclose(seen.log_sum_exp(temperature), (LOGITS / temperature).logsumexp(1))


def test_where_all_is_stored_nothing_is_left_and_no_gradient_is_nan() -> None:
    logits = LOGITS.clone().requires_grad_()
    ids = torch.arange(4).expand(2, -1)
    seen = gather(logits, SoftTarget(ids, {}), torch.tensor([2, 0]), [1.0])
    assert seen.rest[1.0].tolist() == [-math.inf, -math.inf]
    seen.log_q(1.0)[:, 0].sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_no_ids_leave_the_whole_log_sum_exp() -> None:
    seen = gather(LOGITS, SoftTarget(IDS[:, :0], {}), torch.tensor([2, 0]), [1.0])
    assert torch.allclose(seen.rest[1.0], LOGITS.logsumexp(1))
    assert torch.allclose(seen.log_q_label(1.0), LOGITS.log_softmax(1)[[0, 1], [2, 0]])


def test_a_target_in_order_looks_nothing_up() -> None:
    log_p = LOGITS.log_softmax(1)
    seen = gather(LOGITS, SoftTarget.whole({1.0: log_p}), torch.tensor([2, 0]), [1.0])
    assert seen.head is LOGITS
    assert seen.is_whole
    assert torch.allclose(seen.log_q_head(1.0), log_p)
    # With padding the width is the number of classes, but the entries may still lack mass.
    padded = SoftTarget(torch.arange(4).expand(2, -1), {1.0: log_p})
    assert not gather(LOGITS, padded, torch.tensor([2, 0]), [1.0]).is_whole
