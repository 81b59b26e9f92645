"""Flat colour: transparency over a colour, and each mode as RGB or greyscale."""

import io

import numpy as np
import pytest
from PIL import Image
from support.examples.image_bytes import file_bytes, noise, pixels_of, read

from stillroom.data.images.flat_colour import flat


def over(pixels, background):
    """Return alpha * colour + (1 - alpha) * background, not rounded."""
    alpha = pixels[..., 3:] / 255
    return pixels[..., :3] * alpha + np.array(background) * (1 - alpha)


@pytest.mark.parametrize("background", [[255, 255, 255], [0, 0, 0], [10, 200, 30]])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_over_the_background(kind, background):
    pixels = noise(8, 9, 4)
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    content = file_bytes(Image.fromarray(pixels), kind, **lossless)
    result = pixels_of(content, background=background)
    assert np.abs(result - over(pixels, background)).max() <= 1
    plain = Image.fromarray(pixels)
    exact = Image.alpha_composite(Image.new("RGBA", plain.size, (*background, 255)), plain)
    assert (result == np.asarray(exact)[..., :3]).all()
    assert read(content).changes == ("transparent",)


def test_half_of_black_over_white_is_grey():
    content = file_bytes(Image.new("RGBA", (1, 1), (0, 0, 0, 128)), "PNG")
    assert pixels_of(content).tolist() == [[[127, 127, 127]]]


def test_grey_with_transparency_stays_grey_over_a_grey():
    content = file_bytes(Image.new("LA", (1, 1), (9, 0)), "PNG")
    assert pixels_of(content, background=[77, 77, 77]).tolist() == [[[77]]]
    assert pixels_of(content, background=[1, 2, 3]).tolist() == [[[1, 2, 3]]]


def test_a_large_image_is_composed_in_strips(monkeypatch):
    monkeypatch.setattr("stillroom.data.images.flat_colour._STRIP_PIXELS", 20)
    pixels = noise(7, 9, 4)
    white = Image.new("RGBA", (9, 7), (255, 255, 255, 255))
    exact = np.asarray(Image.alpha_composite(white, Image.fromarray(pixels)))[..., :3]
    assert (pixels_of(file_bytes(Image.fromarray(pixels), "PNG")) == exact).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_opaque_image_keeps_its_pixels(mode):
    pixels = noise(4, 5, len(mode))
    pixels[..., -1] = 255
    content = file_bytes(Image.fromarray(pixels), "PNG")
    assert (pixels_of(content, background=[1, 2, 3]) == pixels[..., :-1]).all()
    assert read(content).changes == ()


def test_a_transparent_colour_of_a_palette_is_laid_over_the_background():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    content = file_bytes(image, "PNG", transparency=0)
    assert pixels_of(content).tolist() == [[[255, 255, 255], [40, 50, 60]]]
    assert pixels_of(file_bytes(image, "GIF", transparency=0)).tolist()[0][0] == [255, 255, 255]
    half = file_bytes(image, "PNG", transparency=b"\x00\x80")
    assert pixels_of(half, background=[0, 0, 0]).tolist() == [[[0, 0, 0], [20, 25, 30]]]


@pytest.mark.parametrize(
    ("mode", "pixel", "key", "result"),
    [
        ("RGB", (7, 8, 9), (7, 8, 9), [255, 255, 255]),
        ("RGB", (7, 8, 9), (7, 8, 10), [7, 8, 9]),
        ("L", 7, 7, [255]),
        ("L", 7, 8, [7]),
        ("1", 0, 0, [255]),
    ],
)
def test_a_colour_that_png_calls_transparent_is_laid_over_the_background(mode, pixel, key, result):
    content = file_bytes(Image.new(mode, (1, 1), pixel), "PNG", transparency=key)
    assert pixels_of(content).tolist() == [[result]]


def test_black_glyphs_on_nothing_are_told_apart():
    glyphs = np.zeros((2, 4, 4, 4), np.uint8)
    glyphs[0, :2, :, 3] = glyphs[1, 2:, :, 3] = 255
    up, down = (pixels_of(file_bytes(Image.fromarray(glyph), "PNG")) for glyph in glyphs)
    assert (up[..., 0] == np.repeat([0, 0, 255, 255], 4).reshape(4, 4)).all()
    assert (down == up[::-1]).all()


def test_cmyk_of_a_jpeg_is_converted_as_pillow_does():
    """Adobe's programs store it inverted, which Pillow undoes."""
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    content = file_bytes(image, "JPEG", quality=100)
    assert b"Adobe" in content
    assert np.abs(pixels_of(content).astype(int) - [0, 255, 255]).max() <= 3
    assert read(content).changes == ("colour space",)


def test_cmyk_of_a_tiff_file_is_one_minus_ink():
    content = file_bytes(Image.new("CMYK", (1, 1), (255, 0, 55, 0)), "TIFF")
    assert pixels_of(content).tolist() == [[[0, 255, 200]]]


def test_a_jpeg_of_ycbcr_is_what_pillow_decodes():
    content = file_bytes(Image.fromarray(noise(8, 8, 3)), "JPEG")
    assert (pixels_of(content) == np.asarray(Image.open(io.BytesIO(content)))).all()
    assert read(content).changes == ()


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (255, 255, 255)),
        ((138, 81, 70), (255, 0, 0)),  # sRGB red is L* 54.29, a* 80.8, b* 69.9 under D50
    ],
)
def test_lab_becomes_srgb(lab, rgb):
    image = Image.frombytes("LAB", (1, 1), bytes(lab))
    result = pixels_of(file_bytes(image, "TIFF"))
    assert np.abs(result[0, 0].astype(int) - rgb).max() <= 6


def test_one_bit_is_black_and_white():
    assert pixels_of(file_bytes(Image.new("1", (1, 1), 1), "PNG")).tolist() == [[[255]]]
    assert pixels_of(file_bytes(Image.new("1", (1, 1), 0), "PPM")).tolist() == [[[0]]]


def test_grey_that_is_multiplied_by_alpha_is_laid_over_white():
    image = Image.new("LA", (1, 1), (100, 128)).convert("La")
    # 100 * 128 / 255 + 255 * 127 / 255 = 177.2
    assert abs(int(flat(image, [255, 255, 255])[0].getpixel((0, 0))) - 177) <= 1
