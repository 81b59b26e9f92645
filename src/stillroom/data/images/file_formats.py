"""File formats: which files are images, by their suffix or their first bytes.

A suffix that lies does no harm: Pillow looks at the content alone. A file without a suffix of its
own is read if its content starts as that of an image.
"""

from functools import lru_cache

SUFFIXES = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".bmp", ".dib", ".gif"}
    | {".tif", ".tiff", ".webp", ".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"}
)
# Without this list Pillow would also pass files to other programs (EPS to Ghostscript).
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM")
# TIFF is missing here: photos in the raw formats of cameras start as TIFF files, with a preview.
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
START_BYTES = 12
_APPLE_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_CONVERT = {
    ".heic": "Pillow cannot read HEIC; convert them to JPEG",
    ".heif": "Pillow cannot read HEIF; convert them to JPEG",
    ".svg": "SVG holds no pixels; convert them to PNG",
    ".npy": "Arrays of numpy are no image files; convert them to PNG",
}


@lru_cache(maxsize=1)
def formats() -> tuple[str, ...]:
    """Return the names of the formats that the installed Pillow reads, among those allowed."""
    from PIL import features

    return (*_FORMATS, "AVIF") if features.check("avif") else _FORMATS


def starts_as_image(start: bytes) -> bool:
    """Return whether the first START_BYTES of a file are those of a PNG, JPEG, GIF or WebP."""
    return start.startswith(_STARTS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def advice(suffix: str) -> str | None:
    """Return why images of a suffix cannot be read and what to do, for suffixes that have it."""
    return _CONVERT.get(suffix)


def is_heic(start: bytes) -> bool:
    """Return whether the first bytes of a file are those of a photo in Apple's default format."""
    return start[4:8] == b"ftyp" and start[8:12] in _APPLE_BRANDS
