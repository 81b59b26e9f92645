"""Flat colour: an image of any 8-bit mode in, greyscale or RGB without transparency out.

    1, L, LA ──> L        P, PA, RGB, RGBA, CMYK, YCbCr, HSV, LAB ──> RGB

Transparent pixels are laid over a colour, as a viewer shows them. The colours below full
transparency are arbitrary: many programs write black there.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_GREY_MODES = frozenset({"1", "L", "LA", "La"})
# A strip of an image has at most this many pixels, so that a large photo needs no second copy.
_STRIP_PIXELS = 2**22


def is_other_colour_space(image: "Image.Image") -> bool:
    """Return whether the mode is a colour space besides grey, palettes and RGB."""
    return image.mode in ("CMYK", "YCbCr", "HSV", "LAB")


def flat(image: "Image.Image", background: Sequence[int]) -> tuple["Image.Image", bool]:
    """Return an image of mode L or RGB, and whether a pixel of it was transparent.

    Args:
        image: an image of 8 bits a channel.
        background: red, green and blue from 0 to 255, the colour behind transparent pixels. Over a
            grey, greyscale stays greyscale.
    """
    mode = "L" if image.mode in _GREY_MODES else "RGB"
    if image.mode == "La":  # Its grey is multiplied by alpha; Pillow converts it to LA alone.
        image = image.convert("LA")
    if image.has_transparency_data and not _is_opaque(image):
        over = _over(image, background)
        is_grey = mode == "L" and len(set(background)) == 1
        return (over.getchannel(0) if is_grey else over), True
    if image.mode == "LAB":
        return _from_lab(image), False
    return (image if image.mode == mode else image.convert(mode)), False


def _is_opaque(image: "Image.Image") -> bool:
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else _alpha(image)
    return alpha.getextrema() == (255, 255)


def _alpha(image: "Image.Image") -> "Image.Image":
    return image.convert("RGBA").getchannel("A")


def _over(image: "Image.Image", background: Sequence[int]) -> "Image.Image":
    """Return the image over the colour, by Pillow's `alpha_composite`; mode RGB."""
    from PIL import Image

    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    canvas = Image.new("RGB", image.size)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(height, top + rows))).convert("RGBA")
        colour = Image.new("RGBA", strip.size, (*background, 255))
        canvas.paste(Image.alpha_composite(colour, strip).convert("RGB"), (0, top))
    return canvas


def _from_lab(image: "Image.Image") -> "Image.Image":
    """Return an image of CIE L*a*b* (D50) as sRGB, which Pillow's `convert` cannot do."""
    from PIL import ImageCms

    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
    return image.convert("RGB") if converted is None else converted
