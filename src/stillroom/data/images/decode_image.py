"""Decode: the bytes of one image file in, its uint8 pixels and what was changed out.

    bytes ──Pillow──> image ──8 bits──> ──background──> ──EXIF──> ──data.image.size──> pixels

An image file is not trusted: it may be truncated, not be an image, or unpack to terabytes. Colour
profiles are not applied: pixels are what the file holds.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stillroom.config.schema.image_schema import Images
from stillroom.data.images.deep_pixels import eight_bits, is_deep
from stillroom.data.images.file_formats import formats, is_heic
from stillroom.data.images.flat_colour import flat, is_other_colour_space
from stillroom.data.images.image_size import resized
from stillroom.data.images.orientation import UPRIGHT, orientation_of, upright
from stillroom.errors import DataError

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

Change = Literal["deep", "colour space", "transparent", "turned", "no EXIF", "resized", "frames"]


@dataclass(frozen=True, slots=True)
class Pixels:
    """The pixels of one image.

    Attributes:
        shape: height, width and channels: 1 for greyscale, 3 for RGB.
        content: uint8, row-major.
        changes: what was done to come from the file to the pixels.
    """

    shape: tuple[int, int, int]
    content: bytes
    changes: tuple[Change, ...]


@contextmanager
def opened_image(content: bytes, origin: str) -> Iterator["ImageFile"]:
    """Give the image of a file's bytes, its header read and no pixel decoded.

    Args:
        content: the bytes of the file.
        origin: the name of the file in messages.

    Raises:
        DataError: it is no image, it is damaged, or it has more pixels than Pillow allows; also
            where the code within the block meets that.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _open(content) as image:
                yield image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(
            f"{origin} has more pixels than the {Image.MAX_IMAGE_PIXELS} that are allowed. "
            "Scale it down, or remove it."
        ) from None
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen kinds on damaged files.
        reason = "HEIC, convert it to JPEG" if is_heic(content) else type(error).__name__
        raise DataError(
            f"{origin} is not a readable image ({reason}). Replace or remove it, or set "
            "data.image.unreadable=skip."
        ) from error


def decoded(image: "ImageFile", content: bytes, options: Images, origin: str) -> Pixels:
    """Return the pixels of an image that `opened_image` gives, of an animation its first frame.

    Raises:
        DataError: it has more than 8 bits a channel in a range that is not known.
    """
    changes: list[Change] = []
    # Pillow turns TIFF files as it loads them, and forgets the orientation then.
    orientation = orientation_of(image) if image.format == "TIFF" else None
    if is_deep(image):
        shallow: Image.Image = eight_bits(image, content, _open, options.range, origin)
        changes.append("deep")
    else:
        image.load()
        shallow = image
    if is_other_colour_space(shallow):
        changes.append("colour space")
    level, was_transparent = flat(shallow, options.background)
    if was_transparent:
        changes.append("transparent")
    if image.format != "TIFF":
        orientation = orientation_of(image)
        level = upright(level, orientation)
    if orientation != UPRIGHT:
        changes.append("no EXIF" if orientation is None else "turned")
    sized = resized(level, options)
    if sized is not level:
        changes.append("resized")
    if _has_frames(image):
        changes.append("frames")
    width, height = sized.size
    return Pixels((height, width, len(sized.getbands())), sized.tobytes(), tuple(changes))


def _open(content: bytes) -> "ImageFile":
    from PIL import Image

    return Image.open(io.BytesIO(content), formats=formats())


def _has_frames(image: "ImageFile") -> bool:
    """Return whether the file holds more than one frame or page; False if that is damaged."""
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # The pixels are decoded; what is behind them may be damaged.
        return False
