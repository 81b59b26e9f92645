"""Pixel column: the order stays, over chunks, and nulls too."""

import pytest

from stillroom.data.images import pixel_column
from stillroom.data.images.pixel_column import PixelColumn


@pytest.mark.parametrize("chunk", [1, 5, 2**26])
def test_images_keep_their_order(monkeypatch, chunk):
    monkeypatch.setattr(pixel_column, "_CHUNK_BYTES", chunk)
    images = [b"abc", None, b"", b"de", b"fghij", None]
    column = PixelColumn()
    for image in images:
        column.append(image)
    assert column.series().to_list() == images


def test_an_empty_column_has_its_type():
    assert str(PixelColumn().series().dtype) == "Binary"
