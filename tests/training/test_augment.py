"""Shifts: every image moves by whole pixels, by its own amount, and repeatably."""

import torch

from stillroom.training.augment import shifted


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_each_result_is_one_of_the_nine_moves_by_one_pixel() -> None:
    images = torch.rand(50, 2, 5, 6, generator=draws(1))
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1), mode="replicate")
    moved = shifted(images, 1, draws())
    found = set()
    for before, after in zip(padded, moved, strict=True):
        places = [
            (top, left)
            for top in range(3)
            for left in range(3)
            if torch.equal(before[:, top : top + 5, left : left + 6], after)
        ]
        assert len(places) == 1
        found.add(places[0])
    assert len(found) == 9


def test_equal_generators_give_equal_images_and_a_shift_of_zero_moves_nothing() -> None:
    images = torch.rand(4, 1, 6, 6)
    assert torch.equal(shifted(images, 2, draws(7)), shifted(images, 2, draws(7)))
    assert torch.equal(shifted(images, 0, draws()), images)
