"""Image files: what decodes, and what is refused."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from stillroom.data.images.image_files import read_image, read_images
from stillroom.errors import DataError


def saved(path, pixels, mode=None):
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(path)
    return path


def test_greyscale_keeps_one_channel(tmp_path):
    path = saved(tmp_path / "a.png", [[0, 7], [255, 9]])
    assert read_image(path, "a.png").tolist() == [[[0], [7]], [[255], [9]]]


def test_colour_has_three_channels(tmp_path):
    path = saved(tmp_path / "a.bmp", [[[1, 2, 3], [4, 5, 6]]])
    assert read_image(path, "a.bmp").tolist() == [[[1, 2, 3], [4, 5, 6]]]


def test_a_palette_becomes_rgb_and_transparency_is_dropped(tmp_path):
    Image.new("P", (1, 1)).save(tmp_path / "p.png")
    saved(tmp_path / "rgba.png", [[[1, 2, 3, 128]]])
    assert read_image(tmp_path / "p.png", "p").shape == (1, 1, 3)
    assert read_image(tmp_path / "rgba.png", "rgba").tolist() == [[[1, 2, 3]]]


def test_greyscale_with_transparency_keeps_one_channel(tmp_path):
    Image.new("LA", (1, 1), (9, 0)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", "a").tolist() == [[[9]]]


def test_sixteen_bits_are_refused_not_clipped(tmp_path):
    Image.fromarray(np.array([[60000]], np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"cat/a\.png is an image of mode I.*8 bits"):
        read_image(tmp_path / "a.png", "cat/a.png")


def test_a_truncated_png_is_refused_by_name_or_lacks_only_its_checksums(tmp_path):
    path = tmp_path / "a.png"
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    whole = saved(path, pixels).read_bytes()
    # The last 20 bytes are two checksums of 4 bytes and the empty IEND chunk of 12.
    for size in range(len(whole) - 20):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"^a\.png is not a readable image"):
            read_image(path, "a.png")
    for size in range(len(whole) - 20, len(whole)):
        path.write_bytes(whole[:size])
        with contextlib.suppress(DataError):
            assert (read_image(path, "a.png")[..., 0] == pixels).all()


def test_a_postscript_file_named_png_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(DataError, match="not a readable image"):
        read_image(tmp_path / "a.png", "a.png")


@pytest.mark.parametrize("factor", [1, 3], ids=["warned of by Pillow", "refused by Pillow"])
def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch, factor):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    path = saved(tmp_path / "a.png", np.zeros((101, factor)))
    with pytest.raises(DataError, match="more pixels than the 100 that are allowed"):
        read_image(path, "a.png")


def test_a_missing_image_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"^t\.csv row 3: the image does not exist"):
        read_image(tmp_path / "a.png", "t.csv row 3")


def test_a_path_too_long_for_the_disk_is_refused(tmp_path):
    with pytest.raises(DataError):
        read_image(tmp_path / ("a" * 5000), "t.csv row 3")


def test_images_of_differing_size_are_refused_by_name(tmp_path):
    paths = [saved(tmp_path / "a.png", [[0]]), saved(tmp_path / "b.png", [[0, 0]])]
    with pytest.raises(DataError, match=r"^b\.png is 1x2x1 .* but a\.png is 1x1x1"):
        read_images(paths, ["a.png", "b.png"])


def test_images_of_differing_channels_are_refused(tmp_path):
    paths = [saved(tmp_path / "a.png", [[0]]), saved(tmp_path / "b.png", [[[0, 0, 0]]])]
    with pytest.raises(DataError, match=r"^b\.png is 1x1x3"):
        read_images(paths, ["a.png", "b.png"])


def test_pixels_come_row_by_row(tmp_path):
    paths = [saved(tmp_path / "a.png", [[1, 2], [3, 4]])]
    assert read_images(paths, ["a"]) == ((2, 2, 1), [b"\x01\x02\x03\x04"])
