"""Decode: what is read to the bit, and what is refused."""

import contextlib
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from support.examples.image_bytes import file_bytes, noise, pixels_of, read

from stillroom.errors import DataError


@pytest.mark.parametrize("kind", ["PNG", "BMP", "DIB", "TIFF", "PPM"])
@pytest.mark.parametrize("channels", [1, 3])
def test_eight_bits_are_read_to_the_bit(kind, channels):
    pixels = noise(5, 6, channels)
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    assert (pixels_of(file_bytes(image, kind)) == pixels).all()


def test_a_palette_becomes_rgb():
    image = Image.new("P", (1, 1))
    image.putpalette([9, 8, 7])
    assert pixels_of(file_bytes(image, "PNG")).tolist() == [[[9, 8, 7]]]


def test_a_truncated_png_is_refused_by_name_or_lacks_only_its_checksums():
    pixels = noise(8, 8)
    whole = file_bytes(Image.fromarray(pixels), "PNG")
    # The last 20 bytes are two checksums of 4 bytes and the empty IEND chunk of 12.
    for size in range(len(whole) - 20):
        with pytest.raises(DataError, match=r"^cat/a\.png is not a readable image"):
            read(whole[:size])
    for size in range(len(whole) - 20, len(whole)):
        with contextlib.suppress(DataError):
            assert (pixels_of(whole[:size])[..., 0] == pixels).all()


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_file_cut_in_half_is_refused(kind):
    whole = file_bytes(Image.fromarray(noise(64, 64, 3)), kind)
    with pytest.raises(DataError, match=r"cat/a\.png is not a readable image"):
        read(whole[: len(whole) // 2])


def test_a_postscript_file_is_refused():
    with pytest.raises(DataError, match="not a readable image"):
        read(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


def test_heic_is_called_by_its_name():
    with pytest.raises(DataError, match=r"not a readable image \(HEIC, convert it to JPEG\)"):
        read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


@pytest.mark.parametrize("factor", [1, 3], ids=["warned of by Pillow", "refused by Pillow"])
def test_a_decompression_bomb_is_refused(monkeypatch, factor):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    content = file_bytes(Image.new("L", (factor, 101)), "PNG")
    with pytest.raises(DataError, match="more pixels than the 100 that are allowed"):
        read(content)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_read_and_that_is_said(kind):
    frames = [Image.new("RGB", (4, 4), (value, 0, 0)) for value in (0, 90, 200)]
    content = file_bytes(frames[0], kind, save_all=True, append_images=frames[1:])
    assert pixels_of(content).max() <= 1
    assert read(content).changes == ("frames",)


def test_a_damaged_second_frame_does_not_matter():
    frames = [Image.fromarray(noise(9, 9, seed=seed)) for seed in range(2)]
    whole = file_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (pixels_of(whole[:-60])[..., 0] == np.asarray(frames[0])).all()


def test_a_text_that_unpacks_to_much_is_refused_or_not_unpacked():
    data = b"zTXta\0\0" + zlib.compress(bytes(2**27))
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    plain = file_bytes(Image.new("L", (1, 1), 7), "PNG")
    with contextlib.suppress(DataError):
        assert pixels_of(plain[:33] + chunk + plain[33:]).tolist() == [[[7]]]


def test_a_colour_profile_leaves_the_pixels_as_they_are():
    pixels = noise(3, 3, 3)
    assert (
        pixels_of(file_bytes(Image.fromarray(pixels), "PNG", icc_profile=b"x" * 200)) == pixels
    ).all()
