"""Image size: what crop, squash and pad do, against Pillow's own resize."""

import numpy as np
import pytest
from PIL import Image
from support.examples.image_bytes import file_bytes, noise, pixels_of, read

PIXELS = noise(8, 12, 3)
CONTENT = file_bytes(Image.fromarray(PIXELS), "PNG")
BICUBIC = Image.Resampling.BICUBIC


def test_images_of_the_size_are_left_as_they_are():
    assert (pixels_of(CONTENT, size=[8, 12]) == PIXELS).all()
    assert read(CONTENT, size=[8, 12]).changes == ()


def test_crop_scales_and_cuts_both_ends_equally():
    middle = Image.fromarray(PIXELS).resize((6, 4), BICUBIC).crop((1, 0, 5, 4))
    assert (pixels_of(CONTENT, size=[4, 4]) == np.asarray(middle)).all()
    assert read(CONTENT, size=[4, 4]).changes == ("resized",)


def test_a_crop_without_scaling_is_the_middle():
    assert (pixels_of(CONTENT, size=[8, 8]) == PIXELS[:, 2:10]).all()


def test_squash_scales_each_side():
    exact = np.asarray(Image.fromarray(PIXELS).resize((4, 4), BICUBIC))
    assert (pixels_of(CONTENT, size=[4, 4], fit="squash") == exact).all()


@pytest.mark.parametrize("background", [[255, 255, 255], [1, 2, 3]])
def test_pad_fills_with_the_background(background):
    result = pixels_of(CONTENT, size=[12, 12], fit="pad", background=background)
    assert (result[2:10] == PIXELS).all()
    assert (result[:2] == background).all()
    assert (result[10:] == background).all()


def test_greyscale_is_padded_with_a_grey_and_becomes_colour_for_a_colour():
    content = file_bytes(Image.new("L", (1, 2), 7), "PNG")
    assert pixels_of(content, size=[2, 2], fit="pad").tolist() == [[[7], [255]], [[7], [255]]]
    colour = pixels_of(content, size=[2, 2], fit="pad", background=[1, 2, 3])
    assert colour.tolist() == [[[7, 7, 7], [1, 2, 3]], [[7, 7, 7], [1, 2, 3]]]


def test_one_very_long_image_is_resized():
    content = file_bytes(Image.new("L", (50000, 1), 7), "PNG")
    assert (pixels_of(content, size=[4, 4]) == 7).all()


def test_an_image_is_turned_before_it_is_resized():
    deep = file_bytes(Image.fromarray(PIXELS), "TIFF", tiffinfo={0x0112: 6})
    upright = Image.fromarray(np.ascontiguousarray(np.rot90(PIXELS, -1)))
    exact = np.asarray(upright.resize((4, 6), BICUBIC))
    assert (pixels_of(deep, size=[6, 4]) == exact).all()
