"""Image files: a file in, uint8 pixels [height, width, channels] out.

    path ──Pillow, only the listed formats──> pixels; greyscale has 1 channel, all else 3 (RGB)

An image file is not trusted: it may be truncated, not be an image, or unpack to terabytes.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stillroom.data.raw_examples import shape_text
from stillroom.errors import DataError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
)
# Without this list Pillow would also pass files to other programs (EPS to Ghostscript).
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_GREY_MODES = frozenset({"1", "L", "LA", "La"})
_DEEP_MODES = ("I", "F")


def read_image(path: Path, origin: str) -> NDArray[np.uint8]:
    """Decode one image file.

    Args:
        path: the file.
        origin: the name of the file in messages.

    Returns:
        [height, width, 1 or 3], uint8. Transparency is dropped; of an animation, the first frame.

    Raises:
        DataError: the file is missing or unreadable, has more than 8 bits a channel, or more
            pixels than Pillow allows.
    """
    from PIL import Image

    try:
        if not path.is_file():
            raise DataError(f"{origin}: the image does not exist. Restore it, or remove its row.")
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                if image.mode.startswith(_DEEP_MODES):
                    raise DataError(
                        f"{origin} is an image of mode {image.mode}; 8 bits a channel are allowed. "
                        "Convert it first."
                    )
                mode = "L" if image.mode in _GREY_MODES else "RGB"
                pixels = np.asarray(image.convert(mode), dtype=np.uint8)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(
            f"{origin} has more pixels than the {Image.MAX_IMAGE_PIXELS} that are allowed. "
            "Scale it down, or remove it."
        ) from None
    except DataError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen kinds on damaged files.
        raise DataError(
            f"{origin} is not a readable image ({type(error).__name__}). Replace or remove it."
        ) from error
    return pixels.reshape(*pixels.shape[:2], -1)


def read_images(
    paths: Sequence[Path], origins: Sequence[str]
) -> tuple[tuple[int, ...], list[bytes]]:
    """Decode images that must agree in size and channels.

    Returns:
        The shape (height, width, channels) and each image's pixels, row-major. () and [] for none.

    Raises:
        DataError: an image cannot be read, or differs from the first one.
    """
    shape: tuple[int, ...] = ()
    contents = []
    for path, origin in zip(paths, origins, strict=True):
        pixels = read_image(path, origin)
        shape = shape or pixels.shape
        if pixels.shape != shape:
            raise DataError(
                f"{origin} is {shape_text(pixels.shape)} (height x width x channels), but "
                f"{origins[0]} is {shape_text(shape)}. Bring all images to one size first."
            )
        contents.append(pixels.tobytes())
    return shape, contents
