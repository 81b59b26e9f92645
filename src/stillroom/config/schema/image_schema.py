"""The section `data.image` of the parameters: how an image file becomes pixels."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT, Bytes

_Side = Annotated[int, Field(ge=1, le=16384)]
_Value = Annotated[float, Field(ge=-3.5e38, le=3.5e38)]  # of a 32-bit float
_Level = Annotated[int, Field(ge=0, le=255)]


def _ascending(values: list[float]) -> list[float]:
    if values[0] >= values[1]:
        raise ValueError("the first number must be below the second one")
    return values


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Images:
    """How an image file becomes pixels.

    Attributes:
        size: height and width of all images; null: they all have one size already.
        fit: how an image comes to `size`; see `data.images.image_size`.
        background: red, green and blue, from 0 to 255, behind transparent pixels and in padding.
        range: the values that become 0 and 255 in images of more than 8 bits a channel; null:
            those of the bit depth, and images of 32 bits or of decimal numbers are refused.
        budget: the bytes of pixels that all images together may have; more if they are at most 32
            times the bytes of their files.
        unreadable: whether a file that cannot be read as an image is refused, or left out.
    """

    size: Annotated[list[_Side], Field(min_length=2, max_length=2)] | None
    fit: Literal["crop", "squash", "pad"]
    background: Annotated[list[_Level], Field(min_length=3, max_length=3)]
    range: (
        Annotated[list[_Value], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
        | None
    )
    budget: Bytes
    unreadable: Literal["refuse", "skip"]
