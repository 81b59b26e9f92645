"""Orientation: a photo's EXIF data say how it must be turned to stand upright.

    image, EXIF orientation 1 to 8 ──> the image as every viewer shows it

A camera writes the pixels as its sensor lies, and the orientation beside them (EXIF 2.32, tag
0x0112). Pillow turns TIFF files itself when it loads them, and no other format.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_TAG = 0x0112
UPRIGHT = 1


def orientation_of(image: "Image.Image") -> int | None:
    """Return the orientation of an image, 1 to 8; None if its EXIF data cannot be read.

    An image without EXIF data, or with a value that EXIF does not define, is upright: viewers show
    it so. The EXIF chunk of a PNG may stand behind its pixels, so a PNG must be loaded.
    """
    try:
        orientation = image.getexif().get(_TAG, UPRIGHT)
    except Exception:  # The parser raises half a dozen kinds on damaged EXIF data.
        return None
    return orientation if orientation in range(1, 9) else UPRIGHT


def upright_size(image: "Image.Image") -> tuple[int, int]:
    """Return height and width that the image has once it is upright, from its header alone."""
    width, height = image.size
    is_known = image.format not in ("TIFF", "PNG") or "exif" in image.info
    # Pillow swaps the size of a TIFF file itself.
    is_turned = is_known and image.format != "TIFF" and (orientation_of(image) or UPRIGHT) > 4
    return (width, height) if is_turned else (height, width)


def upright(image: "Image.Image", orientation: int | None) -> "Image.Image":
    """Return the image, turned and mirrored from `orientation` to 1."""
    from PIL.Image import Transpose

    operations = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    if orientation not in operations:
        return image
    return image.transpose(operations[orientation])
