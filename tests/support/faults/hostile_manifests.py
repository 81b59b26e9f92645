"""Hostile manifests: wrong values, wrong bytes, and sizes that would fill the memory."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.faults.set_reader import STORE
from support.softlabels.linear_teachers import Captured

from stillroom.softlabels.format.manifest import MANIFEST, MOST_BYTES

MEGABYTES = 4 << 20
HUGE = 10**30
Document = dict[str, Any]
Case = tuple[str, Callable[[Path], None]]


def put(path: str, value: object) -> Callable[[Document], None]:
    """Return a function that sets the value at a path of names and numbers."""

    def change(document: Document) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        here: Any = document
        for step in way:
            here = here[step]
        here[last] = value

    return change


SHARD = "members.0.shards.0"
WRONG_VALUES: list[tuple[str, object]] = [
    *(("classes", value) for value in (-1, 0, 1, 3, HUGE, 1.5, "4", None, True, [], {})),
    *((f"{SHARD}.rows", value) for value in (0, -1, 2**63, 1e300, "8", None, float("nan"))),
    *((f"{SHARD}.bytes", value) for value in (0, -5, HUGE, float("inf"), [1])),
    *((f"{SHARD}.sha256", value) for value in ("", "x" * 64, "../" * 21 + "a", 5, "A" * MEGABYTES)),
    *(("combination.shares", value) for value in ([], [float("nan")], [-1.0], [2.0], [0.5, 0.5])),
    *(("members", value) for value in ([], {}, None)),
    *(("class_names", value) for value in (["a"], [1, 2, 3, 4], "abcd", ["n"] * (MEGABYTES // 4))),
    ("members.0.capture.sparsifier", {"kind": "other"}),
    ("members.0.capture.sparsifier.k", -2),
    ("members.0.capture.sparsifier.temperatures", [float("nan")]),
    ("members.0.capture.libraries", [["deep"]] * 1000),
    ("members.0.capture.seed", HUGE),
    ("fingerprint", "0" * 64),
    ("codec", "nested-0"),
    ("format", "stillroom-soft-labels/1"),
    ("checksum", None),
    ("surplus", 1),
]
WRONG_BYTES: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "no object": b"[1, 2]",
    "half": b'{"format": "stillroom-soft-la',
    "deep lists": b"[" * MEGABYTES,
    "deep objects": b'{"a":' * (MEGABYTES // 5),
    "a million keys": b"{" + b",".join(b'"%d":0' % at for at in range(2**20)) + b"}",
    "a million lists": b'{"members":[' + b"[]," * 1_000_000 + b"[]]}",
    "sixty MB of lists": b'{"members":[' + b"[]," * (20 << 20) + b"[]]}",
    "just few enough lists": b'{"members":[' + b"[]," * 499_990 + b"[]]}",
    "just few enough keys": b"{" + b",".join(b'"%d":0' % at for at in range(999_990)) + b"}",
    "a long number": b'{"classes":' + b"9" * MEGABYTES + b"}",
    "a long exponent": b'{"classes":1e' + b"9" * 1000 + b"}",
    "no UTF-8": b'{"codec":"\xff\xfe"}',
    "a lone surrogate": b'{"codec":"\\ud800"}',
    "zeros": bytes(MEGABYTES),
    "UTF-16": '{"codec":1}'.encode("utf-16"),
}


def manifests(captured: Captured) -> Iterator[Case]:
    """Yield manifests that are malformed."""
    whole = json.loads((captured.folder / MANIFEST).read_text())
    for number, (path, value) in enumerate(WRONG_VALUES):
        document = copy.deepcopy(whole)
        put(path, value)(document)
        yield f"value {number} {path}", written(json.dumps(document).encode())
    for name, content in WRONG_BYTES.items():
        yield f"bytes {name}", written(content)
    yield "bytes beyond the limit", sparse(MANIFEST, MOST_BYTES + 1)
    ((folder, _),) = captured.store.captures()
    kept = json.loads((folder / MANIFEST).read_text())
    for number, change in enumerate([put("shards", {"../x": 1}), put("capture", {}), put("x", 1)]):
        document = copy.deepcopy(kept)
        change(document)
        yield f"{STORE} {number}", written(json.dumps(document).encode())
    for name in ("deep lists", "a million keys"):
        yield f"{STORE} {name}", written(WRONG_BYTES[name])


def written(content: bytes) -> Callable[[Path], None]:
    return lambda folder: put_file(folder / MANIFEST, content)


def sparse(name: str, size: int) -> Callable[[Path], None]:
    """Return a function that writes a file of a given size that takes no space on disk."""

    def write_case(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as file:
            file.truncate(size)

    return write_case


def put_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
