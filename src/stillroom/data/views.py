"""Views: images and their keys in, the same images moved in out; any view can be made again.

    image [c, h, w], example_id, view, seed ──> the image, moved by its own whole number of pixels

A view is a function of the example's key, the view's number and the seed, so what a teacher saw is
what a student sees, whatever order and whatever preprocessing either of them uses.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError

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
                "here. Run `kedro run --pipeline=teach` to make them anew."
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
        words = np.frombuffer(b"".join(example_ids), dtype="<u8").reshape(-1, 2)
        stream = _mixed(_mixed(np.array([view], dtype=np.uint64)) ^ np.uint64(self.seed))
        state = np.concatenate([stream, _mixed(stream)])
        drawn = _mixed(_mixed(words ^ state) ^ words[:, ::-1])
        # The high 32 bits, scaled: the share that an odd number of places cannot share evenly is
        # below 1e-8.
        places = (drawn >> np.uint64(32)) * np.uint64(2 * self.shift + 1) >> np.uint64(32)
        return places.astype(np.int64) - self.shift


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


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 random-looking bits for each word: the finaliser of SplitMix64.

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    mixed = words + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
