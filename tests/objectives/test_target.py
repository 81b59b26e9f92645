"""Targets: rows are picked together."""

import torch

from stillroom.objectives.target import SoftTarget


def test_rows_keeps_ids_log_p_and_temperature_together() -> None:
    whole = SoftTarget(torch.tensor([[0, 1], [2, 3], [4, 5]]), torch.arange(6.0).view(3, 2), 4.0)
    part = whole.rows(torch.tensor([2, 0]))
    assert part.ids.tolist() == [[4, 5], [0, 1]]
    assert part.log_p.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert part.temperature == 4.0
