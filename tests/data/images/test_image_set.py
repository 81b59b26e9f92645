"""Image reader: one size, one depth, a budget, and what is said."""

import dataclasses

import polars as pl
import pytest
from PIL import Image
from support.examples.data_config import a_data
from support.examples.image_bytes import file_bytes, options

from stillroom.data.images.image_set import ImageReader
from stillroom.data.raw_examples import RawPart
from stillroom.errors import DataError


def examples(images, limits=None, **changes):
    """Return the examples of named images, in one part."""
    reader = ImageReader(options(**changes), limits or a_data().limits)
    contents = [
        reader.read(image if isinstance(image, bytes) else file_bytes(image, "PNG"), name)
        for name, image in images.items()
    ]
    kept = [(name, one) for name, one in zip(images, contents, strict=True) if one is not None]
    return reader.examples(
        [
            RawPart(
                part="cat",
                shape=(),
                content=pl.Series([one for _, one in kept], dtype=pl.Binary()),
                labels=["cat"] * len(kept),
                splits=[None] * len(kept),
                origins=[name for name, _ in kept],
            )
        ],
        {},
    )


def texts(raw):
    return [f"{notice.kind}: {notice.text}" for notice in raw.notices]


def grey(value, size=(2, 1)):
    return Image.new("L", size, value)


def colour(*value):
    return Image.new("RGB", (2, 1), value)


def test_grey_alone_has_one_channel_and_nothing_is_said():
    raw = examples({"a": grey(3), "b": grey(4)})
    assert raw.shape == (1, 2, 1)
    assert raw.frame["content"].to_list() == [b"\x03\x03", b"\x04\x04"]
    assert texts(raw) == []


@pytest.mark.parametrize("grey_first", [True, False])
def test_grey_among_colour_becomes_colour(grey_first):
    images = {"a": grey(3), "b": colour(1, 2, 3)}
    raw = examples(images if grey_first else dict(reversed(images.items())))
    assert raw.shape == (1, 2, 3)
    assert set(raw.frame["content"]) == {b"\x03" * 6, b"\x01\x02\x03" * 2}
    assert texts(raw) == [
        "converted: Converted from greyscale to colour, since 1 others are in colour: 1 image."
    ]


def test_colour_that_looks_grey_stays_colour():
    raw = examples({"a": colour(5, 5, 5)})
    assert (raw.shape, texts(raw)) == ((1, 2, 3), [])


def test_a_single_pixel_of_grey_and_colour_are_told_apart():
    raw = examples({"a": grey(9, (1, 1)), "b": Image.new("RGB", (1, 1), (1, 2, 3))})
    assert raw.frame["content"].to_list() == [b"\x09\x09\x09", b"\x01\x02\x03"]


def test_sizes_are_counted_and_the_refusal_names_the_option():
    images = {str(width): grey(1, (width, 3)) for width in (4, 5, 6, 7, 8)}
    with pytest.raises(DataError) as error:
        examples({"first": grey(1, (4, 3)), **images})
    assert str(error.value) == (
        "The images have 5 sizes (height x width): 3x4 (2 images), 3x5 (1 image), 3x6 (1 image), "
        "3x7 (1 image) and 1 more. Set data.image.size to the [height, width] that all images are "
        "resized to, such as [3, 4]."
    )


def test_images_of_two_sizes_are_read_with_the_option():
    raw = examples({"a": grey(7, (3, 3)), "b": grey(8, (4, 6))}, size=[2, 2])
    assert raw.frame["content"].to_list() == [b"\x07" * 4, b"\x08" * 4]
    assert texts(raw) == [
        "converted: Resized to data.image.size 2x2 (data.image.fit=crop): 2 images (the first: a)."
    ]


def test_an_unreadable_file_is_refused_or_left_out_and_counted():
    images = {"a": grey(1), "b": b"no image", "c": grey(2), "d": b"neither"}
    with pytest.raises(DataError, match=r"^b is not a readable image.*unreadable=skip"):
        examples(images)
    raw = examples(images, unreadable="skip")
    assert raw.frame["origin"].to_list() == ["a", "c"]
    assert texts(raw) == [
        "left_out: Left out, since they cannot be read (data.image.unreadable=skip): 2 images "
        "(b, d)."
    ]


def test_the_sum_of_many_small_files_is_bounded():
    bomb = file_bytes(Image.new("L", (700, 700)), "PNG")
    assert len(bomb) < 2000
    images = dict.fromkeys("abcd", bomb)
    with pytest.raises(DataError, match=r"^d: up to it, .* 1\.96 MB .*raise data\.limits"):
        examples(images, unreadable="skip", budget=1_500_000)
    patient = dataclasses.replace(a_data().limits, ratio=2000)
    with pytest.raises(DataError, match=r"^d: up to it, .*1\.96 MB .*or raise data\.image\.budget"):
        examples(images, patient, unreadable="skip", budget=1_500_000)
    assert examples(images, patient, size=[4, 4], budget=1_500_000).frame.height == 4
    assert examples(images, budget=2_000_000).frame.height == 4


def test_files_that_hold_nearly_their_pixels_are_not_bounded():
    noisy = {name: Image.effect_noise((50, 50), 80) for name in "abc"}
    assert examples(noisy, budget=1).frame.height == 3


def test_what_was_converted_is_counted():
    transparent = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    raw = examples({"a": colour(1, 1, 1), "b": transparent, "c": transparent})
    assert texts(raw) == [
        "converted: Transparent pixels are laid over the colour data.image.background "
        "[255, 255, 255]: 2 images (the first: b)."
    ]
