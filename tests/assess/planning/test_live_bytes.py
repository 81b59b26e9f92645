"""Live bytes: counted to the byte, and right for any number of rows."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stillroom.assess.planning.live_bytes import Bytes, LiveBytes, peak_of_rows


def counted(run: Callable[[], object], known: list[Tensor]) -> Bytes:
    counter = LiveBytes(known)
    with counter:
        run()
    return counter.after_each


def test_tensors_count_until_they_are_freed_and_views_not_at_all() -> None:
    given = torch.zeros(10)

    def run() -> None:
        one = torch.zeros(100)  # 400 bytes
        one.view(10, 10).add_(1)
        two = one.double()  # 800 bytes more
        del one
        (two[:10] + given).sum()

    assert counted(run, [given]).max() == 400 + 800
    assert counted(run, [given])[-1] < 900


def test_what_is_saved_for_the_backward_pass_counts() -> None:
    layer = nn.Linear(50, 50, bias=False)

    def forward() -> None:
        kept.append(layer(torch.zeros(8, 50)).tanh())
        torch.zeros(0)  # the bytes are noted after each operation

    kept: list[Tensor] = []
    # The input is saved for the weight, and the result of tanh for itself; its input is freed.
    assert counted(forward, [layer.weight])[-1] == 2 * 8 * 50 * 4


@pytest.mark.parametrize("rows", [1, 2, 3, 40])
def test_a_peak_follows_from_two_and_three_rows(rows: int) -> None:
    model = nn.Sequential(nn.Linear(30, 200), nn.ReLU(), nn.Linear(200, 30), nn.ReLU())

    def bytes_of(number: int) -> Bytes:
        model.zero_grad(set_to_none=True)
        inputs = torch.zeros(number, 30)
        return counted(lambda: model(inputs).sum().backward(), [inputs, *model.parameters()])

    expected = int(bytes_of(rows).max())
    assert peak_of_rows(bytes_of(2), bytes_of(3), (2, 3), rows) == expected


def test_passes_of_other_operations_are_compared_by_their_peaks() -> None:
    few, more = np.array([10, 30]), np.array([10, 50, 20])
    assert peak_of_rows(few, more, (1, 2), 4) == 30 + 3 * 20
