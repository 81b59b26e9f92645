"""Deep pixels: 16 bits, 32 bits and decimal numbers, each against the formula in whole numbers."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from support.examples.image_bytes import file_bytes, pixels_of, read

from stillroom.errors import DataError

VALUES = np.random.default_rng(1).integers(0, 65536, (5, 7, 4), np.uint16)
VALUES[0, :4, 0] = [0, 128, 129, 65535]


def eighth(values):
    """Return round(value / 257); 257 is odd, so nothing lies halfway."""
    return (values.astype(np.int64) * 2 + 257) // 514


def png(values, colour, extra=b""):
    """Return a PNG of 16 bits a channel, written by hand (PNG 1.2, 11.2)."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def tiff(values, order="<", photometric=None):
    """Return an uncompressed TIFF file of one strip (TIFF 6.0, sections 2 and 3)."""
    height, width, channels = values.shape
    data = values.astype(order + values.dtype.str[1:]).tobytes()
    form = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    bits = values.dtype.itemsize * 8
    photometric = (2 if channels > 2 else 1) if photometric is None else photometric
    extra = 8 + len(data)
    lists = struct.pack(order + f"{channels}H", *[bits] * channels)
    lists += struct.pack(order + f"{channels}H", *[form] * channels)
    shorts = {256: width, 257: height, 259: 1, 262: photometric, 277: channels, 278: height}
    entries = {tag: struct.pack(order + "HIHH", 3, 1, value, 0) for tag, value in shorts.items()}
    for tag, place, value in ((258, extra, bits), (339, extra + 2 * channels, form)):
        entries[tag] = (
            struct.pack(order + "HII", 3, channels, place)
            if channels > 2
            else struct.pack(order + "HIHH", 3, 1, value, 0)
        )
    entries[273] = struct.pack(order + "HII", 4, 1, 8)
    entries[279] = struct.pack(order + "HII", 4, 1, len(data))
    if channels == 4:
        entries[338] = struct.pack(order + "HIHH", 3, 1, 2, 0)
    directory = struct.pack(order + "H", len(entries))
    for tag, value in sorted(entries.items()):
        directory += struct.pack(order + "H", tag) + value
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, extra + len(lists))
    return head + data + lists + directory + bytes(4)


def test_grey_of_16_bits_is_scaled_by_257():
    content = png(VALUES[..., :1], 0)
    assert (pixels_of(content) == eighth(VALUES[..., :1])).all()
    assert pixels_of(content)[0, :4, 0].tolist() == [0, 0, 1, 255]
    assert read(content).changes == ("deep",)


def test_colour_of_16_bits_is_scaled_by_257_and_not_cut_to_its_upper_byte():
    assert (pixels_of(png(VALUES[..., :3], 2)) == eighth(VALUES[..., :3])).all()
    assert (eighth(VALUES[..., :3]) != VALUES[..., :3] >> 8).any()


@pytest.mark.parametrize("order", "<>")
def test_colour_of_16_bits_in_a_tiff_file(order):
    assert (pixels_of(tiff(VALUES[..., :3], order)) == eighth(VALUES[..., :3])).all()


def test_grey_of_16_bits_in_a_compressed_tiff_file():
    grey = Image.fromarray(VALUES[..., 0])
    compressed = file_bytes(grey, "TIFF", compression="tiff_lzw")
    assert (pixels_of(compressed)[..., 0] == eighth(VALUES[..., 0])).all()


@pytest.mark.parametrize("order", "<>")
def test_grey_of_16_bits_in_a_tiff_file(order):
    assert (pixels_of(tiff(VALUES[..., :1], order)) == eighth(VALUES[..., :1])).all()


def test_white_may_be_zero_in_a_tiff_file():
    content = tiff(VALUES[..., :1], photometric=0)
    assert (pixels_of(content) == 255 - eighth(VALUES[..., :1])).all()


@pytest.mark.parametrize(("colour", "channels"), [(4, 2), (6, 4)])
def test_transparency_of_16_bits_is_laid_over_white(colour, channels):
    values = VALUES[..., :channels]
    scaled = eighth(values).astype(np.uint8)
    image = Image.merge(
        "RGBA",
        [Image.fromarray(scaled[..., i if channels == 4 else 0]) for i in range(3)]
        + [Image.fromarray(scaled[..., -1])],
    )
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    exact = np.asarray(Image.alpha_composite(white, image))[..., : channels - 1]
    assert (pixels_of(png(values, colour)) == exact).all()
    assert read(png(values, colour)).changes == ("deep", "transparent")


def test_a_transparent_value_of_16_bits_differs_from_one_with_the_same_upper_byte():
    values = np.array([[[513], [514]]], np.uint16)
    data = b"tRNS" + struct.pack(">H", 513)
    chunk = struct.pack(">I", 2) + data + struct.pack(">I", zlib.crc32(data))
    assert pixels_of(png(values, 0, chunk)).tolist() == [[[255], [2]]]


def test_a_pgm_file_of_16_bits_is_scaled():
    content = b"P5 2 1 65535\n" + struct.pack(">HH", 129, 65535)
    assert pixels_of(content).tolist() == [[[1], [255]]]
    twelve = b"P5 2 1 4095\n" + struct.pack(">HH", 2048, 4095)
    assert pixels_of(twelve).tolist() == [[[128], [255]]]


@pytest.mark.parametrize(
    "values",
    [
        np.array([[[0.5]]], np.float32),
        np.array([[[7]]], np.int32),
        np.array([[[7]]], np.uint32),
        np.array([[[-7]]], np.int16),
    ],
    ids=["float", "signed 32 bits", "32 bits", "signed 16 bits"],
)
def test_a_range_that_is_not_known_is_asked_for(values):
    with pytest.raises(
        DataError, match=r"^cat/a\.png .*range is not known\. Set data\.image\.range"
    ):
        pixels_of(tiff(values))


def test_decimal_numbers_are_scaled_by_the_range_and_cut_off():
    values = np.array([-1, 0, 0.25, 0.5, 1, 9], np.float32).reshape(1, 6, 1)
    assert pixels_of(tiff(values), range=[0, 1])[0, :, 0].tolist() == [0, 0, 64, 128, 255, 255]
    assert pixels_of(tiff(values), range=[-1, 1])[0, :, 0].tolist()[:3] == [0, 128, 159]


def test_the_range_holds_for_16_bits_too():
    values = np.array([[[0], [1000], [2000]]], np.uint16)
    assert pixels_of(png(values, 0), range=[0, 2000])[0, :, 0].tolist() == [0, 128, 255]


def test_signed_numbers_are_scaled_by_the_range():
    values = np.array([[[-1000], [0], [1000]]], np.int32)
    assert pixels_of(tiff(values), range=[-1000, 1000])[0, :, 0].tolist() == [0, 128, 255]


def test_nan_is_refused():
    with pytest.raises(DataError, match=r"cat/a\.png holds NaN or infinity"):
        pixels_of(tiff(np.array([[[np.nan]]], np.float32)), range=[0, 1])


def test_eight_bits_are_not_deep():
    content = file_bytes(Image.new("L", (1, 1), 9), "PNG")
    assert read(content, range=[0, 2]).content == b"\x09"
    assert read(content).changes == ()
