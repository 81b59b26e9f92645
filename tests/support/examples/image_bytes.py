"""Image files as bytes, and how the code under test reads them."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from support.examples.data_config import NESTED

from stillroom.config.schema.image_schema import Images
from stillroom.data.images.decode_image import Pixels, decoded, opened_image


def options(**changes: Any) -> Images:
    """Return the section data.image with changes."""
    return Images(**(NESTED["image"][1] | changes))


def file_bytes(image: Image.Image, kind: str, **arguments: Any) -> bytes:
    """Return a file of a format that holds the image."""
    stream = io.BytesIO()
    image.save(stream, kind, **arguments)
    return stream.getvalue()


def read(content: bytes, **changes: Any) -> Pixels:
    """Return the pixels of a file."""
    with opened_image(content, "cat/a.png") as image:
        return decoded(image, content, options(**changes), "cat/a.png")


def pixels_of(content: bytes, **changes: Any) -> NDArray[np.uint8]:
    """Return the pixels of a file as an array [height, width, channels]."""
    pixels = read(content, **changes)
    return np.frombuffer(pixels.content, np.uint8).reshape(pixels.shape)


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return random pixels."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
