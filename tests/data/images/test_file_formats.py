"""File formats: which first bytes are an image's."""

import pytest
from PIL import Image
from support.examples.image_bytes import file_bytes

from stillroom.data.images.file_formats import advice, formats, is_heic, starts_as_image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pillows_own_files_start_as_images(kind):
    assert starts_as_image(file_bytes(Image.new("RGB", (2, 2)), kind)[:12])


@pytest.mark.parametrize(
    "start", [b"", b"BM", b"II*\0\x08\0\0\0CR", b"RIFF\0\0\0\0WAVE", b"%PDF-1.7", b"GIF"]
)
def test_other_files_do_not(start):
    assert not starts_as_image(start)


def test_formats_that_start_other_programs_are_not_read():
    assert not {"EPS", "PDF", "WMF"} & set(formats())


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic_is_known_by_its_brand(brand):
    assert is_heic(b"\0\0\0\x18ftyp" + brand)
    assert not is_heic(b"\0\0\0\x18ftypavif")


def test_a_suffix_that_cannot_be_read_has_advice():
    assert "JPEG" in (advice(".heic") or "")
    assert advice(".txt") is None
