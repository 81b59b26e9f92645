"""Deep pixels: an image of more than 8 bits a channel in, 8 bits out, by a stated rule.

    16 bits   round(value / 257), the linear scaling of the PNG specification (13.12)
    12 bits   round(value * 255 / 4095)
    32 bits, signed, float   no range is sure: `data.image.range` must say which value is black
              and which is white; what is beyond is cut off

Pillow reads colour of 16 bits as its upper bytes alone. The lower bytes come from a second reading
in the other byte order.
"""

import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

Opened = Callable[[bytes], "ImageFile"]
_SIXTEEN = (0.0, 65535.0)
_NATIVE_SWAPPED = "16B" if sys.byteorder == "little" else "16L"
_LOWER_BYTES = {"16B": "16L", "16L": "16B", "16N": _NATIVE_SWAPPED}
_TWO_READINGS = ("RGB", "RGBA", "RGBX", "CMYK")
_ROWS_PIXELS = 2**22
_GREY_ALPHA_PNG = b"\x10\x04"  # Bit depth 16, colour type 4, at offset 24 of a PNG.


def is_deep(image: "ImageFile") -> bool:
    """Return whether an image that is not loaded yet has more than 8 bits a channel."""
    return image.mode.startswith("I") or image.mode == "F" or ";16" in _raw_mode(image)


def eight_bits(
    image: "ImageFile",
    content: bytes,
    opened: Opened,
    bounds: Sequence[float] | None,
    origin: str,
) -> "Image.Image":
    """Return a deep image as one of mode L, LA, RGB, RGBA or CMYK.

    Args:
        image: the image, not loaded yet; its EXIF orientation is not applied.
        content: the bytes of its file.
        opened: opens bytes as an image.
        bounds: the values that become 0 and 255; None for the rule of the bit depth.
        origin: the name of the file in messages.

    Raises:
        DataError: the range is not sure, or Pillow cannot read all bits.
    """
    if not (image.mode.startswith("I") or image.mode == "F"):
        return _colour(image, content, opened, bounds, origin)
    natural = _natural_range(image)
    if bounds is None and natural is None:
        raise DataError(
            f"{origin} holds whole numbers of 32 bits, signed or decimal numbers (mode "
            f"{image.mode}), whose range is not known. Set data.image.range to the values of "
            "black and white, such as [0, 1]."
        )
    key = image.info.get("transparency")
    is_inverted = _photometric(image) == 0
    values = np.asarray(image)
    grey = _scaled(values, bounds or natural or _SIXTEEN, origin)
    if is_inverted:
        grey = 255 - grey
    return _grey_image(grey, None if not isinstance(key, int) else values != key)


def _grey_image(grey: NDArray[np.uint8], is_opaque: NDArray[np.bool_] | None) -> "Image.Image":
    from PIL import Image

    if is_opaque is None:
        return Image.fromarray(grey)
    alpha = Image.fromarray(np.where(is_opaque, np.uint8(255), np.uint8(0)))
    return Image.merge("LA", (Image.fromarray(grey), alpha))


def _natural_range(image: "ImageFile") -> tuple[float, float] | None:
    """Return the values of black and white by the format; None if it leaves them open."""
    if image.mode.startswith("I;16"):
        return (0.0, 4095.0) if _raw_mode(image) == "I;12" else _SIXTEEN
    # Pillow scales PGM files of 9 to 16 bits to 16 bits.
    return _SIXTEEN if image.mode == "I" and image.format in ("PPM", "PNG") else None


def _colour(
    image: "ImageFile",
    content: bytes,
    opened: Opened,
    bounds: Sequence[float] | None,
    origin: str,
) -> "Image.Image":
    """Return an image of several channels of 16 bits; alpha keeps its full range."""
    from PIL import Image

    _require_pixels(image, origin)
    if content[24:26] == _GREY_ALPHA_PNG and image.format == "PNG":
        # Two channels of 16 bits are four of 8 to every part of a PNG but its header.
        pairs = np.asarray(opened(_with_header(content, depth=8, colour=6)))
        planes = [_joined(pairs[..., 0], pairs[..., 1]), _joined(pairs[..., 2], pairs[..., 3])]
        mode = "LA"
    else:
        key = image.info.get("transparency")
        upper = np.asarray(image)
        lower = np.asarray(_lower_bytes(opened(content), origin))
        planes = [_joined(upper[..., i], lower[..., i]) for i in range(upper.shape[-1])]
        mode = image.mode
        if isinstance(key, tuple):
            is_key = np.logical_and.reduce([p == v for p, v in zip(planes, key, strict=True)])
            planes.append(np.where(is_key, np.uint16(0), np.uint16(65535)))
            mode = "RGBA"
    ranges = [bounds or _SIXTEEN] * len(planes)
    if mode in ("LA", "RGBA"):
        ranges[-1] = _SIXTEEN
    scaled = [_scaled(p, r, origin) for p, r in zip(planes, ranges, strict=True)]
    return Image.merge(mode, [Image.fromarray(plane) for plane in scaled])


def _require_pixels(image: "ImageFile", origin: str) -> None:
    """Raise DataError for more than half of the pixels that an image of 8 bits may have."""
    from PIL import Image

    most = (Image.MAX_IMAGE_PIXELS or 0) // 2
    if most and image.width * image.height > most:
        raise DataError(
            f"{origin} has more pixels than the {most} that are allowed with 16 bits a channel. "
            "Scale it down, or remove it."
        )


def _lower_bytes(image: "ImageFile", origin: str) -> "ImageFile":
    """Return the same image, read in the other byte order."""
    kind, _, depth = _raw_mode(image).partition(";")
    if kind not in _TWO_READINGS or depth not in _LOWER_BYTES:
        raise DataError(
            f"{origin} holds 16 bits a channel in a form that cannot be read exactly "
            f"({_raw_mode(image)}). Convert it to PNG first."
        )
    swapped = f"{kind};{_LOWER_BYTES[depth]}"
    image.tile = [
        tile._replace(args=(swapped, *tile.args[1:]) if isinstance(tile.args, tuple) else swapped)
        for tile in image.tile
    ]
    return image


def _joined(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> NDArray[np.uint16]:
    joined: NDArray[np.uint16] = upper.astype(np.uint16) * np.uint16(256) + lower
    return joined


def _scaled(values: NDArray[np.generic], bounds: Sequence[float], origin: str) -> NDArray[np.uint8]:
    """Return round((value - low) / (high - low) * 255), cut off at 0 and 255."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        # Of 65,536 values, a table is exact, and faster than arithmetic.
        table = _formula(np.arange(2**16, dtype=np.float64), bounds)
        taken: NDArray[np.uint8] = table[values]
        return taken
    scaled = np.empty(values.shape, np.uint8)
    rows = max(1, _ROWS_PIXELS // values.shape[1])
    for top in range(0, len(values), rows):
        block = values[top : top + rows].astype(np.float64)
        if not np.isfinite(block).all():
            raise DataError(f"{origin} holds NaN or infinity. Correct or remove it.")
        scaled[top : top + rows] = _formula(block, bounds)
    return scaled


def _formula(values: NDArray[np.float64], bounds: Sequence[float]) -> NDArray[np.uint8]:
    low, high = bounds
    return np.rint(np.clip((values - low) / (high - low), 0.0, 1.0) * 255).astype(np.uint8)


def _raw_mode(image: "ImageFile") -> str:
    """Return how the pixels lie in the file, in Pillow's words; "" if the format does not say."""
    if not image.tile:
        return ""
    arguments = image.tile[0].args
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _photometric(image: "ImageFile") -> int | None:
    """Return TIFF's PhotometricInterpretation: 0 is "white is zero"."""
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(262)


def _with_header(content: bytes, *, depth: int, colour: int) -> bytes:
    """Return a PNG with another bit depth and colour type in its header."""
    header = content[12:24] + bytes((depth, colour)) + content[26:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
