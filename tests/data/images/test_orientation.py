"""Orientation: all values of EXIF, in all formats that have it, and what is broken."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from support.examples.image_bytes import file_bytes, noise, pixels_of, read

from stillroom.data.images.decode_image import opened_image
from stillroom.data.images.orientation import upright_size

STORED = noise(2, 3, 3)
# EXIF 2.32, 4.6.5: what the first row and the first column of the stored pixels are to a viewer.
SEEN = {
    1: STORED,
    2: STORED[:, ::-1],
    3: STORED[::-1, ::-1],
    4: STORED[::-1],
    5: STORED.transpose(1, 0, 2),
    6: np.rot90(STORED, -1),
    7: STORED[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(STORED),
}


def exif(orientation):
    """Return EXIF data of one tag, as bytes: a TIFF header and a directory of one entry."""
    entry = struct.pack("<HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + b"II*\0\x08\0\0\0" + entry + bytes(4)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_each_orientation_is_applied(kind, value):
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    if kind == "AVIF":
        lossless = {"quality": 100, "subsampling": "4:4:4"}
    content = file_bytes(Image.fromarray(STORED), kind, exif=exif(value), **lossless)
    result = pixels_of(content)
    assert result.shape == SEEN[value].shape
    assert np.abs(result.astype(int) - SEEN[value]).max() <= (8 if kind == "AVIF" else 0)
    assert ("turned" in read(content).changes) == (value > 1)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_a_tiff_file_is_turned_once(value, compression):
    content = file_bytes(
        Image.fromarray(STORED), "TIFF", tiffinfo={0x0112: value}, compression=compression
    )
    assert (pixels_of(content) == SEEN[value]).all()
    assert ("turned" in read(content).changes) == (value > 1)


@pytest.mark.parametrize("value", range(1, 9))
def test_a_jpeg_is_turned_to_the_bit_of_its_decoded_pixels(value):
    image = Image.fromarray(noise(16, 24, 3))
    plain = np.asarray(Image.open(io.BytesIO(file_bytes(image, "JPEG"))))
    content = file_bytes(image, "JPEG", exif=exif(value))
    turn = {6: lambda p: np.rot90(p, -1), 8: np.rot90, 3: lambda p: p[::-1, ::-1]}
    if value in turn:
        assert (pixels_of(content) == turn[value](plain)).all()
    elif value == 1:
        assert (pixels_of(content) == plain).all()


def test_sixteen_bits_are_turned_too():
    deep = Image.fromarray(np.array([[0, 257], [514, 771], [1028, 65535]], np.uint16))
    content = file_bytes(deep, "PNG", exif=exif(6))
    assert pixels_of(content)[..., 0].tolist() == [[4, 2, 0], [255, 3, 1]]


def test_the_exif_of_a_png_may_stand_behind_its_pixels():
    content = file_bytes(Image.fromarray(STORED), "PNG")
    chunk = b"eXIf" + exif(3)[6:]
    length = struct.pack(">I", len(chunk) - 4)
    late = content[:-12] + length + chunk + struct.pack(">I", zlib.crc32(chunk)) + content[-12:]
    assert (pixels_of(late) == SEEN[3]).all()


@pytest.mark.parametrize(
    ("data", "change"),
    [
        (exif(0), ()),
        (exif(9), ()),
        (exif(65535), ()),
        (b"Exif\0\0II*\0\xff\xff\xff\xff", ()),
        (b"Exif\0\0nonsense", ("no EXIF",)),
    ],
    ids=["zero", "nine", "largest", "a directory beyond the end", "no TIFF header"],
)
def test_broken_exif_leaves_the_image_as_it_is(data, change):
    content = file_bytes(Image.fromarray(STORED), "PNG", exif=data)
    assert (pixels_of(content) == STORED).all()
    assert read(content).changes == change


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize(("value", "size"), [(1, (2, 3)), (3, (2, 3)), (6, (3, 2)), (8, (3, 2))])
def test_the_upright_size_is_known_from_the_header(kind, value, size):
    tags = {"tiffinfo": {0x0112: value}} if kind == "TIFF" else {"exif": exif(value)}
    with opened_image(file_bytes(Image.fromarray(STORED), kind, **tags), "a") as image:
        assert upright_size(image) == size
