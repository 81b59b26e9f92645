"""Image views: images and their keys in, shifted images out; any view can be computed again.

    image [c, h, w], example_id, view, seed ──> the image, shifted by a whole number of pixels

A view is a function of the key of the example, the number of the view and the seed. So a student
gets the same view as its teacher, regardless of the order and the preprocessing of either.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from stillroom.data.views.splitmix import bounded, row_words
from stillroom.errors import SoftLabelError


class Transform(Protocol):
    """A transform that makes views of inputs from their keys: `Views` or `Masks`."""

    @property
    def count(self) -> int:
        """How many views a training example has, in addition to view 0."""

    @property
    def view_numbers(self) -> list[int]:
        """The numbers of the views that a training example has."""

    @property
    def name(self) -> str:
        """The name of the transform in a fingerprint."""

    def from_name(self, name: str, count: int) -> "Transform":
        """Return the transform of a capture, by its name."""

    def apply(
        self, inputs: NDArray[Any], example_ids: Sequence[bytes], view: int, /
    ) -> NDArray[Any]:
        """Return a view of each input; models are evaluated on view 0."""


# Increase the number when `apply` changes any view.
TRANSFORM = "shift-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The augmented views of a training image.

    Attributes:
        count: how many views; their numbers are 1 … count. With 0 there is only the plain image,
            which is view 0.
        shift: the largest shift in pixels, in each direction; edges are repeated.
        seed: the seed of the shifts.
    """

    count: int
    shift: int
    seed: int

    @property
    def view_numbers(self) -> list[int]:
        """The numbers of the views that a training image has."""
        return list(range(1, self.count + 1)) or [0]

    @property
    def name(self) -> str:
        """The name of the transform in a fingerprint: everything but the number of views."""
        return f"{TRANSFORM} shift={self.shift} seed={self.seed}" if self.count else "none"

    @classmethod
    def from_name(cls, name: str, count: int) -> "Views":
        """Return `count` views of the transform with this name.

        Raises:
            SoftLabelError: the name is that of another transform, or of another version.
        """
        if name == "none":
            return PLAIN
        match = re.fullmatch(rf"{TRANSFORM} shift=(\d+) seed=(\d+)", name)
        if match is None:
            raise SoftLabelError(
                f"The soft labels have views by {name!r}, but this version makes views by "
                f"{TRANSFORM}. Run `kedro run --pipeline=capture` to capture them again."
            )
        return cls(count=count, shift=int(match[1]), seed=int(match[2]))

    def apply(self, images: NDArray[Any], example_ids: Sequence[bytes], view: int) -> NDArray[Any]:
        """Return a view of each image.

        Args:
            images: [N, c, h, w].
            example_ids: N keys of 16 bytes.
            view: the number of the view; 0 returns the images as they are.
        """
        if view == 0:
            return images
        return shifted(images, self.offsets(example_ids, view), self.shift)

    def offsets(self, example_ids: Sequence[bytes], view: int) -> NDArray[np.int64]:
        """Return the shift of each image down and right, [N, 2], uniform in ±shift."""
        return bounded(row_words(example_ids, view, self.seed), 2 * self.shift + 1) - self.shift


PLAIN = Views(count=0, shift=0, seed=0)


def shifted(
    images: NDArray[np.float32], offsets: NDArray[np.int64], shift: int
) -> NDArray[np.float32]:
    """Return each image shifted by its own whole number of pixels; edges are repeated.

    Args:
        images: [N, c, h, w].
        offsets: [N, 2], down and right, within ±shift.
        shift: the largest offset.
    """
    count, _, height, width = images.shape
    pad = ((0, 0), (0, 0), (shift, shift), (shift, shift))
    padded = np.pad(images, pad, mode="edge").transpose(0, 2, 3, 1)
    rows = (shift - offsets[:, :1]) + np.arange(height)
    columns = (shift - offsets[:, 1:]) + np.arange(width)
    crops = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2))
