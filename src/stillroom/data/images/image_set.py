"""Image reader: the bytes of all image files of a data set in, examples of one shape out.

    bytes, bytes, … ──decode──> pixels within the budget ──one size, one depth──> RawExamples

All images have one height and width. Greyscale becomes colour where a data set has both.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from stillroom.config.schema.data_schema import Limits
from stillroom.config.schema.image_schema import Images
from stillroom.data.images.decode_image import Pixels, decoded, opened_image
from stillroom.data.images.image_notices import ChangeCounts
from stillroom.data.images.orientation import upright_size
from stillroom.data.notices import Notice, counted, some
from stillroom.data.raw_examples import RawExamples, RawPart, stack_parts
from stillroom.errors import DataError
from stillroom.io.byte_sizes import size_text

_KEPT_RATIO = 32  # photos of low quality have about this many bytes of pixels for each of the file
if TYPE_CHECKING:
    from PIL import Image

_SIZES_SHOWN = 4
_COLOUR = 3


@dataclass(slots=True)
class ImageReader:
    """Decodes the images of one data set, and knows what it changed."""

    options: Images
    limits: Limits
    size: tuple[int, int] | None = None
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    depths: Counter[int] = field(default_factory=Counter)
    changes: ChangeCounts = field(default_factory=ChangeCounts)
    unreadable: list[str] = field(default_factory=list)
    file_bytes: int = 0
    decoded_bytes: int = 0
    pixels: int = 0

    def read(self, content: bytes, origin: str) -> bytes | None:
        """Return the pixels of one file; None if it is unreadable and is left out.

        Args:
            content: the bytes of the file.
            origin: its name in messages.

        Raises:
            DataError: it cannot be read, or all images together exceed the budget.
        """
        self.file_bytes += len(content)
        try:
            with opened_image(content, origin) as image:
                if len(self.sizes) > 1:
                    # They will be refused: what is left is to count the sizes.
                    self.sizes[upright_size(image)] += 1
                    return b""
                self._require_budget(image, origin)
                pixels = decoded(image, content, self.options, origin)
        except _OverBudgetError:
            raise
        except DataError:
            if self.options.unreadable == "refuse":
                raise
            self.unreadable.append(origin)
            return None
        return self._kept(pixels, origin)

    def examples(self, parts: Sequence[RawPart], files: dict[str, str]) -> RawExamples:
        """Return the rows of all parts, whose contents came from `read`; see `stack_parts`.

        Raises:
            DataError: there is no row, or the images differ in size.
        """
        self._require_one_size()
        height, width = self.size or (0, 0)
        depth = max(self.depths, default=0)
        pixels = height * width
        same = [
            replace(
                part, shape=(height, width, depth), content=_deepened(part.content, pixels, depth)
            )
            for part in parts
        ]
        return replace(stack_parts("image", same, files), notices=tuple(self._notices()))

    def _kept(self, pixels: Pixels, origin: str) -> bytes:
        height, width, depth = pixels.shape
        self.size = self.size or (height, width)
        self.sizes[height, width] += 1
        self.depths[depth] += 1
        self.changes.add(pixels.changes, origin)
        self.pixels += height * width
        return pixels.content

    def _require_budget(self, image: "Image.Image", origin: str) -> None:
        """Raise an error before an image is decoded that costs too much time, or memory."""
        width, height = image.size
        self.decoded_bytes += width * height * len(image.getbands())
        files, budget = self.file_bytes, self.options.budget
        if self.decoded_bytes > max(budget, files * self.limits.ratio):
            raise _over_budget(origin, files, self.decoded_bytes, "raise data.limits.ratio")
        if self.options.size is not None:
            height, width = self.options.size
        kept = (self.pixels + width * height) * max(self.depths, default=1)
        if kept > max(budget, files * _KEPT_RATIO):
            way_out = "set data.image.size to a smaller size, or raise data.image.budget"
            raise _over_budget(origin, files, kept, way_out)

    def _require_one_size(self) -> None:
        if len(self.sizes) > 1:
            common = self.sizes.most_common()
            most = common[:_SIZES_SHOWN]
            shown = [f"{h}x{w} ({counted(count, 'image')})" for (h, w), count in most]
            rest = len(common) - _SIZES_SHOWN
            more = f" and {rest} more" if rest > 0 else ""
            raise DataError(
                f"The images have {len(common)} sizes (height x width): {', '.join(shown)}{more}. "
                "Set data.image.size to the [height, width] that all images are resized to, such "
                f"as {list(common[0][0])}."
            )

    def _notices(self) -> list[Notice]:
        notices = self.changes.notices(self.options)
        if len(self.depths) > 1:
            words = (
                f"Converted from greyscale to colour, since {self.depths[_COLOUR]:,} others are in "
                f"colour: {counted(self.depths[1], 'image')}."
            )
            notices.append(Notice("converted", words))
        if self.unreadable:
            words = (
                "Left out, since they cannot be read (data.image.unreadable=skip): "
                f"{counted(len(self.unreadable), 'image')} ({some(self.unreadable)})."
            )
            notices.append(Notice("left_out", words))
        return notices


class _OverBudgetError(DataError):
    """The images of a data set exceed its budget; leaving one out does not help."""


def _over_budget(origin: str, files: int, pixels: int, way_out: str) -> _OverBudgetError:
    return _OverBudgetError(
        f"{origin}: up to it, {size_text(files)} of images unpack to {size_text(pixels)} of "
        f"pixels, which is more than allowed. Remove images that are not sound, or {way_out}."
    )


def _deepened(content: pl.Series, pixels: int, depth: int) -> pl.Series:
    """Return the contents with `depth` channels; greyscale is repeated in each of them."""
    if depth != _COLOUR or not (content.bin.size() == pixels).any():
        return content
    return pl.Series([_coloured(one, pixels) for one in content], dtype=pl.Binary())


def _coloured(content: bytes, pixels: int) -> bytes:
    if len(content) != pixels:
        return content
    return np.frombuffer(content, np.uint8).repeat(_COLOUR).tobytes()
