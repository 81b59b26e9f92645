"""Door: images. Files of a folder, and idx files."""

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin
from support.command_line import quick_project
from support.hostile.attempt import Attempt, Outcome
from support.hostile.raw_files import ESCAPE, RAW, raw, raw_link, sparse

BMP = b"BM" + struct.pack("<IIIIiiHH", 100, 0, 54, 40, -8, -8, 1, 8) + b"\0" * 99
GIF = b"GIF89a" + b"\xff" * 4 + b"\x80\0\0" + bytes(6) + b"," + bytes(4) + b"\xff" * 4 + b"\0\2\0;"
PNG = b"\x89PNG\r\n\x1a\n"


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, write in REFUSED.items():
        yield _attempt(name, write)
    for name, write in HARMLESS.items():
        yield _attempt(name, write, "any")
    for name, (images, labels) in IDX.items():
        yield _idx(name, images, labels)


def _attempt(name: str, write: Callable[[Path], None], must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        quick_project(project)
        write(project)
        return {"data.path": RAW}

    return Attempt(door="images", name=name, prepare=prepare, must_be=must_be)


def _idx(name: str, images: bytes, labels: bytes) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        raw(project, "train-images-idx3-ubyte", images)
        raw(project, "train-labels-idx1-ubyte", labels)
        return {"groups.data": "idx", "data.path": RAW}

    return Attempt(door="images", name=f"idx: {name}", prepare=prepare)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _png(width: int, height: int, rows: bytes, *more: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        PNG
        + header
        + b"".join(more)
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _file(name: str, content: bytes | str) -> Callable[[Path], None]:
    return lambda project: raw(project, f"across/{name}", content) and None


def _link(name: str, target: str) -> Callable[[Path], None]:
    return lambda project: raw_link(project, f"across/{name}", target) and None


def _pipe(project: Path) -> None:
    os.mkfifo(project / RAW / "across/z.png")


def _sum_beyond_memory(project: Path) -> None:
    """Each image is allowed, and 400 of them unpack to 32 GB."""
    for path in (project / RAW).rglob("*.png"):
        path.unlink()
    for name in ("across", "down"):
        one = _png(9000, 9000, (b"\0" + bytes([len(name)]) * 9000) * 9000)
        for number in range(200):
            raw(project, f"{name}/{number}.png", one)


def _text_bomb(project: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "0" * 60_000_000, zip=True)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(project / RAW / "across/z.png", pnginfo=text)


def _frames(project: Path) -> None:
    frame = Image.fromarray(np.zeros((8, 8), np.uint8))
    others = [Image.fromarray(np.full((8, 8), n % 255, np.uint8)) for n in range(3000)]
    frame.save(project / RAW / "across/z.gif", save_all=True, append_images=others)


def _tiff_loop(project: Path) -> None:
    path = project / RAW / "across/z.tif"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    first = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[first : first + 2])[0]
    place = first + 2 + 12 * count
    content[place : place + 4] = struct.pack("<I", first)
    path.write_bytes(bytes(content))


def _profile_bomb(project: Path) -> None:
    profile = _chunk(b"iCCP", b"a\0\0" + zlib.compress(b"0" * 200_000_000, 9))
    raw(project, "across/z.png", _png(8, 8, (b"\0" + b"\1" * 8) * 8, profile))


def _class_named(name: str) -> Callable[[Path], None]:
    def write(project: Path) -> None:
        (project / RAW / "down").rename(project / RAW / name)

    return write


def _broken_name(project: Path) -> None:
    raw(project, f"across/{ESCAPE}.png", b"no image")


REFUSED: dict[str, Callable[[Path], None]] = {
    "a PNG of 60,000 by 60,000": _file("z.png", _png(60_000, 60_000, b"\0")),
    "a PNG of 2^31 by 2^31": _file("z.png", _png(2**31 - 1, 2**31 - 1, b"\0")),
    "a PNG of no rows": _file("z.png", _png(8, 0, b"\0")),
    "a PNG without its end": _file("z.png", _png(8, 8, b"\0" * 72)[:40]),
    "images whose sum is beyond memory": _sum_beyond_memory,
    "only a signature": _file("z.png", PNG),
    "zeros": _file("z.png", b"\0" * 1000),
    "a JPEG of random bytes": _file("z.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4),
    "a JPEG of 65,500 by 65,500": _file(
        "z.jpg",
        b"\xff\xd8\xff\xc0\0\x0b\x08" + struct.pack(">HH", 65_500, 65_500) + b"\1\1\x11\0",
    ),
    "PostScript": _file("z.png", "%!PS-Adobe-3.0 EPSF-3.0\n(%pipe%touch p) (w) file\n"),
    "an SVG that reads a file": _file("z.png", '<svg><image href="file:///etc/passwd"/></svg>'),
    "a BMP of negative size": _file("z.bmp", BMP),
    "a PPM of 10^9 by 10^9": _file("z.ppm", "P6 1000000000 1000000000 255\n"),
    "a TIFF of random tags": _file("z.tif", b"II*\0\x08\0\0\0" + bytes(range(256)) * 4),
    "a WebP of random bytes": _file("z.webp", b"RIFF\xff\xff\xff\x7fWEBPVP8 " + bytes(range(256))),
    "a GIF of 65,535 by 65,535": _file("z.gif", GIF),
    "64 sparse gigabytes": lambda project: sparse(project / RAW / "across/z.png", 64 * 2**30, PNG),
    "a link to /etc/passwd": _link("z.png", "/etc/passwd"),
    "a link to /dev/zero": _link("z.png", "/dev/zero"),
    "a link to a file beside the project": _link("z.png", "../../../../canary.txt"),
    "a link to itself": _link("z.png", "z.png"),
    "an escape sequence in a file name": _broken_name,
}  # fmt: skip
HARMLESS: dict[str, Callable[[Path], None]] = {
    # Pillow reads past the end's checksum, and fills missing rows with zeros, as others do.
    "a PNG with a wrong checksum": _file("z.png", _png(8, 8, b"\0" * 72)[:-6] + b"\0" * 6),
    "a PNG with too few rows": _file("z.png", _png(8, 8, b"\0" * 9)),
    "a pipe": _pipe,
    "a TIFF whose folders form a loop": _tiff_loop,
    "a GIF of 3,000 frames": _frames,
    "60 MB of text in a PNG": _text_bomb,
    "a colour profile of 200 MB in a PNG": _profile_bomb,
    "an escape sequence as a class": _class_named(f"down{ESCAPE}"),
    "markup as a class": _class_named("<img src=x onerror=alert(1)>"),
    "a template as a class": _class_named("{{ self.__class__ }}"),
    "a line break as a class": _class_named("down\nError: all is well"),
    "a class of 200 letters": _class_named("d" * 200),
    "bytes that are no UTF-8 as a class": _class_named("down\udcff"),
}
LABELS = struct.pack(">II", 0x801, 2) + b"\0\1"
IDX = {
    "2^31 images": (struct.pack(">IIII", 0x803, 2**31 - 1, 28, 28), LABELS),
    "images of 2^32 rows": (struct.pack(">IIII", 0x803, 2, 2**32 - 1, 2**32 - 1), LABELS),
    "images of no rows": (struct.pack(">IIII", 0x803, 2, 0, 28), LABELS),
    "another magic number": (struct.pack(">IIII", 0xD03, 2, 2, 2) + bytes(8), LABELS),
    "more labels than images": (struct.pack(">IIII", 0x803, 1, 2, 2) + bytes(4), LABELS),
    "a header without its end": (b"\0\0\x08\x03\0", LABELS),
}
