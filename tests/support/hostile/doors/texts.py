"""Door: running text. Files of a corpus, their names, and how they are cut."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from support.hostile.attempt import Attempt, Outcome
from support.hostile.raw_files import ESCAPE, RAW, gzip_bomb, parquet, raw, raw_link, sparse

SETTINGS = {
    "groups.experiment": "causal_lm",
    "data.path": RAW,
    "data.text.length": "32",
    "data.text.vocabulary": "300",
    "data.documents.cut": "paragraph",
}
TEXT = "\n\n".join(f"The {n}th paragraph of a small book is number {n * n}." for n in range(80))


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, write in REFUSED.items():
        yield _attempt(name, write)
    for name, write in HARMLESS.items():
        yield _attempt(name, write, "any")


def _attempt(name: str, write: Callable[[Path], None], must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        raw(project, "a.txt", TEXT)
        write(project)
        return SETTINGS

    return Attempt(door="texts", name=name, prepare=prepare, must_be=must_be)


def _content(name: str, content: bytes | str) -> Callable[[Path], None]:
    return lambda project: raw(project, name, content) and None


def _link(name: str, target: str) -> Callable[[Path], None]:
    return lambda project: raw_link(project, name, target) and None


def _linked_folder(project: Path) -> None:
    (project.parent / "elsewhere/inner").mkdir()
    raw_link(project, "inner", "../../../elsewhere")


def _folder_loop(project: Path) -> None:
    raw_link(project, "again", ".")


def _sparse(name: str) -> Callable[[Path], None]:
    return lambda project: sparse(project / RAW / name, 64 * 2**30, TEXT.encode())


def _pipe(project: Path) -> None:
    os.mkfifo(project / RAW / "b.txt")


def _socket_like(project: Path) -> None:
    os.mkfifo(project / RAW / "b.jsonl")


def _bomb(project: Path) -> None:
    gzip_bomb(project / RAW / "b.jsonl.gz", 6 * 2**30, b'{"text": "')


def _wide_parquet(project: Path) -> None:
    parquet(project, "b.parquet", {"text": ["0" * 2**22] * 1000}, compression="zstd")


def _many_folders(project: Path) -> None:
    folder = project / RAW
    for _ in range(150):
        folder /= "d" * 20
        folder.mkdir()
    (folder / "b.txt").write_text(TEXT)


REFUSED: dict[str, Callable[[Path], None]] = {
    "a link to /etc/passwd": _link("b.txt", "/etc/passwd"),
    "a link to /dev/zero": _link("b.txt", "/dev/zero"),
    "a link to a file beside the project": _link("b.txt", "../../../canary.txt"),
    "a linked folder outside": _linked_folder,
    "a pipe": _pipe,
    "a pipe of JSONL": _socket_like,
    "64 sparse gigabytes": _sparse("b.txt"),
    "64 sparse gigabytes of JSONL": _sparse("b.jsonl"),
    "a gzip bomb": _bomb,
    "four gigabytes of zeros in Parquet": _wide_parquet,
    "bytes that are no UTF-8": _content("b.txt", b"abc \xff\xfe\xfd def"),
    "UTF-16 without a mark": _content("b.txt", TEXT.encode("utf-16-le") + b"\xd8"),
    "half a surrogate pair": _content("b.jsonl", '{"text": "\\ud800"}\n'),
    "JSON of 200,000 brackets": _content("b.jsonl", "[" * 200_000),
    "a document beyond the limit": _content("b.txt", "a" * 10_000_001),
    "a column that is no text": _content("b.jsonl", '{"text": 7}\n'),
}
HARMLESS: dict[str, Callable[[Path], None]] = {
    "a folder that contains itself": _folder_loop,
    "folders 150 deep": _many_folders,
    "escape sequences": _content("b.txt", f"{ESCAPE} a text {ESCAPE}\n\n" * 20),
    "names of special tokens": _content("b.txt", "<|endoftext|></s>[MASK][PAD] text\n\n" * 20),
    "zeros": _content("b.txt", "a\0b \0\0\0 c\n\n" * 20),
    "five million combining marks": _content("b.txt", "a" + "\u0301" * 5_000_000),
    "one word of five million letters": _content("b.txt", "a" * 5_000_000),
    "five million different signs": _content(
        "b.txt", "".join(chr(0x4E00 + n % 20_000) for n in range(2_000_000))
    ),
    "direction marks": _content("b.txt", "\u202e\u2066 text \u202d\n\n" * 20),
    "a file name with escapes": _content(f"b{ESCAPE}.txt", TEXT + "\n\nmore"),
    "a hidden link": _link(".hidden.txt", "/etc/passwd"),
}
