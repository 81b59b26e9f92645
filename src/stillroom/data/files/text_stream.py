"""Text streams: an input file in, its text out, unpacked within the budget.

bytes ──.gz: unpack──> bytes ──byte order mark──> UTF-8 | UTF-16 | UTF-32 ──> lines
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from stillroom.config.schema.data_schema import Limits
from stillroom.data.files.input_file import InputFile
from stillroom.data.notices import Notice
from stillroom.errors import DataError

# The mark of UTF-32 starts with that of UTF-16, so it is compared first.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_AT_ONCE = 1 << 20
PACKED = ".gz"


@contextmanager
def text_stream(
    file: InputFile, limits: Limits, notices: list[Notice], newline: str | None
) -> Iterator[TextIO]:
    """Give the text of a file; its byte order mark says the encoding, and without one it is UTF-8.

    Args:
        file: the file; it is unpacked if its name ends in .gz.
        limits: how much it may unpack to.
        notices: gets a notice if the encoding is not UTF-8.
        newline: as for `open`; "" keeps the ends of lines as they are.

    Raises:
        DataError: in the block: the text is not in its encoding, or the file cannot be unpacked.
    """
    is_packed = file.part.lower().endswith(PACKED)
    opened = gzip.GzipFile(fileobj=file.stream) if is_packed else file.stream
    raw = io.BufferedReader(_Within(cast(io.RawIOBase, opened), file, limits), _AT_ONCE)
    try:
        start = raw.peek(4)[:4]
        encoding = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
        if encoding.startswith(("utf-16", "utf-32")):
            words = f"{file.part} is read as {encoding.upper()}, as its byte order mark says."
            notices.append(Notice("guessed", words))
        yield io.TextIOWrapper(raw, encoding=encoding, newline=newline)
    except UnicodeError as error:
        raise _not_in_encoding(file.part, error) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{file.part} cannot be unpacked ({error}). Replace it, or unpack it with gunzip."
        ) from error


def bounded_lines(text: TextIO, part: str, limits: Limits) -> Iterator[str]:
    """Yield each line with its end.

    Raises:
        DataError: a line is longer than `limits.record`, or holds a NUL character.
    """
    number = 0
    while line := text.readline(limits.record + 1):
        number += 1
        if len(line) > limits.record:
            raise DataError(
                f"{part} line {number} is longer than data.limits.record, {limits.record:,} "
                "characters. Correct it, or raise data.limits.record."
            )
        require_no_nul(line, f"{part} line {number}")
        yield line


def require_no_nul(text: str, origin: str) -> None:
    """Raise DataError if a text holds a NUL character, as ASCII text in UTF-16 would."""
    if "\0" in text:
        raise DataError(
            f"{origin} holds a NUL character: it is damaged, or UTF-16 without a byte order mark. "
            "Correct it, or convert it to UTF-8."
        )


class _Within(io.RawIOBase):
    """A raw stream that ends in an error once it gave more bytes than the budget of its file."""

    def __init__(self, source: io.RawIOBase, file: InputFile, limits: Limits) -> None:
        self.source, self.file = source, file
        self.most = self.left = file.budget(limits)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self.source.read(min(len(buffer), _AT_ONCE)) or b""
        self.left -= len(block)
        if self.left < 0:
            raise DataError(
                f"{self.file.part} unpacks to more than {self.most:,} bytes from "
                f"{self.file.size:,}. If it is sound, raise data.limits.bytes and "
                "data.limits.ratio, or unpack it."
            )
        buffer[: len(block)] = block
        return len(block)


def _not_in_encoding(part: str, error: UnicodeError) -> DataError:
    if not isinstance(error, UnicodeDecodeError):
        return DataError(f"{part} is not text ({error}). Convert it to UTF-8.")
    place = f"0x{error.object[error.start]:02x} at byte {error.start} of the current block"
    return DataError(
        f"{part} is not {error.encoding.upper()} ({place}). Convert it to UTF-8, for example with "
        "`iconv -f WINDOWS-1252 -t UTF-8`."
    )
