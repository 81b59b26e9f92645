"""Image size: an image of any size in, one of `data.image.size` out, by bicubic interpolation.

    crop    scale until it covers the size, then cut what is too much off both ends equally
    squash  scale height and width each to the size; the image may look stretched
    pad     scale until it lies within the size, then fill up both ends with the background

The filter grows with the scale, so that smaller images do not flicker (antialiasing).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from stillroom.config.schema.image_schema import Images


def resized(image: "Image.Image", options: "Images") -> "Image.Image":
    """Return the image in the configured size; unchanged without one, or if it has it already."""
    from PIL.Image import Resampling

    if options.size is None or image.size == (options.size[1], options.size[0]):
        return image
    height, width = options.size
    match options.fit:
        case "crop":
            return _cropped(image, width, height)
        case "squash":
            return image.resize((width, height), Resampling.BICUBIC)
        case "pad":
            return _padded(image, width, height, options.background)


def _cropped(image: "Image.Image", width: int, height: int) -> "Image.Image":
    from PIL import ImageOps
    from PIL.Image import Resampling

    return ImageOps.fit(image, (width, height), Resampling.BICUBIC)


def _padded(image: "Image.Image", width: int, height: int, background: list[int]) -> "Image.Image":
    from PIL import ImageOps
    from PIL.Image import Resampling

    # A greyscale image has room for a grey alone.
    if image.mode == "L" and len(set(background)) > 1:
        image = image.convert("RGB")
    colour = background[0] if image.mode == "L" else tuple(background)
    return ImageOps.pad(image, (width, height), Resampling.BICUBIC, color=colour)
