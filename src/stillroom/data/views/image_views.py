"""Views: images and their keys in, the same images moved in out; any view can be made again.

    image [c, h, w], example_id, view, seed ──> the image, moved by its own whole number of pixels

A view is a function of the example's key, the view's number and the seed, so what a teacher saw is
what a student sees, whatever order and whatever preprocessing either of them uses.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stillroom.data.views.splitmix import below, words_of
from stillroom.errors import SoftLabelError


class Transform(Protocol):
    """What makes views of inputs from their keys: `Views` of images, `Masks` of sequences."""

    @property
    def count(self) -> int:
        """How many views there are of a training example, beside number 0."""

    @property
    def numbers(self) -> list[int]:
        """The numbers of the views that a training example has."""

    @property
    def name(self) -> str:
        """What a fingerprint says of it."""

    def named(self, name: str, count: int) -> "Transform":
        """Return what a capture names."""

    def apply(
        self, inputs: NDArray[Any], example_ids: Sequence[bytes], view: int, /
    ) -> NDArray[Any]:
        """Return a view of each input; number 0 is what is measured on."""


# Raise it when `apply` changes what any view looks like.
TRANSFORM = "shift-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Which augmented views there are of a training image.

    Attributes:
        count: how many; their numbers are 1 … count. 0 leaves only the plain image, number 0.
        shift: each is moved by up to so many pixels, either way; edges are repeated.
        seed: of the moves.
    """

    count: int
    shift: int
    seed: int

    @property
    def numbers(self) -> list[int]:
        """The numbers of the views that a training image has."""
        return list(range(1, self.count + 1)) or [0]

    @property
    def name(self) -> str:
        """What a fingerprint says of the transform: all but how many views there are."""
        return f"{TRANSFORM} shift={self.shift} seed={self.seed}" if self.count else "none"

    @classmethod
    def named(cls, name: str, count: int) -> "Views":
        """Return the views whose transform a capture names.

        Raises:
            SoftLabelError: another transform, or another version of it, made them.
        """
        if name == "none":
            return PLAIN
        found = re.fullmatch(rf"{TRANSFORM} shift=(\d+) seed=(\d+)", name)
        if found is None:
            raise SoftLabelError(
                f"soft labels are of views made by {name!r}, and {TRANSFORM} is what is known "
                "here. Run `kedro run --pipeline=capture` to make them anew."
            )
        return cls(count=count, shift=int(found[1]), seed=int(found[2]))

    def apply(self, images: NDArray[Any], example_ids: Sequence[bytes], view: int) -> NDArray[Any]:
        """Return a view of each image.

        Args:
            images: [N, c, h, w].
            example_ids: N keys of 16 bytes.
            view: its number; 0 returns the images as they are.
        """
        if view == 0:
            return images
        return moved(images, self.moves(example_ids, view), self.shift)

    def moves(self, example_ids: Sequence[bytes], view: int) -> NDArray[np.int64]:
        """Return how far each image is moved down and right, [N, 2], uniform in ±shift."""
        return below(words_of(example_ids, view, self.seed), 2 * self.shift + 1) - self.shift


PLAIN = Views(count=0, shift=0, seed=0)


def moved(images: NDArray[np.float32], moves: NDArray[np.int64], shift: int) -> NDArray[np.float32]:
    """Move each image by its own whole number of pixels; edges are repeated.

    Args:
        images: [N, c, h, w].
        moves: [N, 2], down and right, within ±shift.
        shift: the largest of them.
    """
    count, _, height, width = images.shape
    pad = ((0, 0), (0, 0), (shift, shift), (shift, shift))
    padded = np.pad(images, pad, mode="edge").transpose(0, 2, 3, 1)
    rows = (shift - moves[:, :1]) + np.arange(height)
    columns = (shift - moves[:, 1:]) + np.arange(width)
    found = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.ascontiguousarray(found.transpose(0, 3, 1, 2))
