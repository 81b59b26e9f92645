"""Door: tables. Parquet, CSV, JSONL and the names of their files."""

import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.hostile.attempt import Attempt, Outcome
from support.hostile.raw_files import (
    ESCAPE,
    RAW,
    flipped,
    gzip_bomb,
    parquet,
    raw,
    raw_link,
    repeated_parquet,
    sparse,
)

SETTINGS = {"groups.data": "table", "groups.teacher": "mlp_ensemble", "data.columns.text": "text"}
ROWS = [(f"good fine {n}", "pos") if n % 2 else (f"bad sad {n}", "neg") for n in range(60)]
CSV = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
JSONL = "".join(f'{{"text": "{text}", "label": "{label}"}}\n' for text, label in ROWS)
COLUMNS: dict[str, Any] = {"text": [one for one, _ in ROWS], "label": [one for _, one in ROWS]}


class Payload:
    """An object that runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo pwned > ../elsewhere/pwned",)


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for name, content in CONTENTS.items():
        yield _attempt(name, name.rsplit(" ", 1)[-1], content)
    for name, content in HARMLESS.items():
        yield _attempt(name, name.rsplit(" ", 1)[-1], content, "any")
    for name, write in WRITTEN.items():
        yield _made(name, write)
    for name, write in WRITTEN_HARMLESS.items():
        yield _made(name, write, "any")
    for name, path in IMAGE_PATHS.items():
        yield _image_path(name, path)


def _attempt(name: str, suffix: str, content: bytes | str, must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        raw(project, f"t{suffix}", content)
        return SETTINGS | {"data.path": f"{RAW}/t{suffix}"}

    return Attempt(door="tables", name=name, prepare=prepare, must_be=must_be)


def _made(name: str, write: Callable[[Path], str], must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        return SETTINGS | {"data.path": write(project)}

    return Attempt(door="tables", name=name, prepare=prepare, must_be=must_be)


def _image_path(name: str, path: str) -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        raw(project, "t.jsonl", "".join(f'{{"image": {path}, "label": "{one}"}}\n' for one in "ab"))
        return {
            "groups.data": "table",
            "data.columns.image": "image",
            "data.path": f"{RAW}/t.jsonl",
        }

    return Attempt(door="tables", name=f"an image path: {name}", prepare=prepare)


DEEP = "[" * 200_000
CONTENTS: dict[str, bytes | str] = {
    "an unclosed quote that takes the rest .csv": CSV + '"' + CSV * 200,
    "100,000 columns, none of them wanted .csv": ",".join(f"c{n}" for n in range(100_000)) + "\n",
    "the header's text twice .csv": CSV.replace("text,label", "text,text,label").replace(
        ",pos", ",x,pos"
    ),
    "no text column but its name in escapes .csv": CSV.replace("text,", f"te{ESCAPE}xt,"),
    "latin-1 .csv": CSV.replace("fine", "f\u00efne").encode("latin-1"),
    "only a byte-order mark .csv": "\ufeff",
    "only zeros .csv": b"\0" * 4096,
    "rows of unequal length .csv": CSV + "one,two,three,four\n",
    "an ELF header .csv": b"\x7fELF" + bytes(range(256)) * 8,
    "an escape sequence in the ragged row .csv": CSV + f"{ESCAPE},{ESCAPE},{ESCAPE}\n",
    "200,000 brackets .jsonl": DEEP,
    "200,000 brackets in a value .jsonl": '{"text": ' + DEEP + "}",
    "a number of a million digits .jsonl": '{"text": "a", "label": ' + "9" * 1_000_000 + "}\n",
    "half a surrogate pair .jsonl": JSONL + '{"text": "\\ud800", "label": "pos"}\n',
    "a key twice .jsonl": JSONL + '{"text": "a", "text": "b", "label": "pos"}\n',
    "a list instead of an object .jsonl": "[1, 2]\n",
    "text after the object .jsonl": '{"text": "a", "label": "b"} ;import os\n',
    "an object as text .jsonl": JSONL + '{"text": {"__reduce__": "os.system"}, "label": "pos"}\n',
    "an escape sequence as broken JSON .jsonl": JSONL + ESCAPE + "\n",
    "infinity as label .jsonl": JSONL.replace('"pos"', "Infinity"),
    "only the magic number .parquet": b"PAR1",
    "a footer of four gigabytes .parquet": b"PAR1" + b"\xff\xff\xff\xff" + b"PAR1",
    "a footer of random bytes .parquet": b"PAR1" + bytes(range(256)) + b"\0\1\0\0PAR1",
    "text .parquet": CSV,
    "zeros .parquet": b"\0" * 100_000,
}
HARMLESS: dict[str, bytes | str] = {
    "an escape sequence as a label .csv": CSV + f"good,{ESCAPE}one\nbad,{ESCAPE}one\n",
    "a formula as text .csv": CSV + "=cmd|' /C calc'!A1,pos\n",
    "markup as a label .csv": CSV.replace("pos", "<script>alert(1)</script>"),
    "rich's markup as a label .csv": CSV.replace("pos", "[link=file:///etc/passwd]pos[/link]"),
    "a template as a label .csv": CSV.replace("pos", "{{ config.items() }}"),
    "an interpolation as a label .csv": CSV.replace("pos", "${oc.env:STILLROOM_TEST_CANARY}"),
    "direction marks as a label .csv": CSV.replace("pos", "pos\u202egnp"),
    "carriage returns in a label .jsonl": JSONL.replace("pos", "pos\\rneg"),
    "a NUL in a label .jsonl": JSONL.replace("pos", "pos\\u0000neg"),
    "a field of two million characters .csv": CSV + f"{'a ' * 1_000_000},pos\n",
    "keys of Python objects .jsonl": JSONL.replace('"text"', '"__class__": "os", "text"'),
}


def _parquet_of_a_value(project: Path) -> str:
    repeated_parquet(project / RAW / "t.parquet", 60_000_000, b"x")
    return f"{RAW}/t.parquet"


def _parquet_of_a_long_value(project: Path) -> str:
    repeated_parquet(project / RAW / "t.parquet", 16_000, b"x" * 2**20)
    return f"{RAW}/t.parquet"


def _packed_zeros(project: Path) -> str:
    columns = {"text": ["0" * 2**22] * 1000, "label": ["a", "b"] * 500}
    parquet(project, "t.parquet", columns, compression="zstd", use_dictionary=False)
    return f"{RAW}/t.parquet"


def _flipped_at(place: float) -> Callable[[Path], str]:
    def write(project: Path) -> str:
        path = parquet(project, "t.parquet", COLUMNS, write_page_checksum=True)
        content = path.read_bytes()
        path.write_bytes(flipped(content, int(place * len(content))))
        return f"{RAW}/t.parquet"

    return write


def _cut(project: Path) -> str:
    path = parquet(project, "t.parquet", COLUMNS)
    path.write_bytes(path.read_bytes()[:-40])
    return f"{RAW}/t.parquet"


def _pickled_type(project: Path) -> str:
    storage = pa.array([b"x"] * len(ROWS), pa.binary())
    field = pa.field("text", pa.binary()).with_metadata(
        {
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": pickle.dumps(Payload()),
        }
    )
    label = pa.field("label", pa.string())
    table = pa.table([storage, pa.array(COLUMNS["label"])], schema=pa.schema([field, label]))
    pq.write_table(table, project / RAW / "t.parquet")
    return f"{RAW}/t.parquet"


def _deep_type(project: Path) -> str:
    kind: Any = pa.int8()
    for _ in range(60):
        kind = pa.struct({"a": kind})
    schema = pa.schema({"text": kind, "label": pa.string()})
    columns = [pa.nulls(4, kind), pa.array(["a", "b", "a", "b"])]
    pq.write_table(pa.table(columns, schema=schema), project / RAW / "t.parquet")
    return f"{RAW}/t.parquet"


def _named_twice(project: Path) -> str:
    table = pa.table(
        [COLUMNS["text"], COLUMNS["text"], COLUMNS["label"]], ["text", "text", "label"]
    )
    pq.write_table(table, project / RAW / "t.parquet")
    return f"{RAW}/t.parquet"


def _zeros_of_gigabytes(suffix: str, first: str) -> Callable[[Path], str]:
    def write(project: Path) -> str:
        sparse(project / RAW / f"t{suffix}", 64 * 2**30, first.encode())
        return f"{RAW}/t{suffix}"

    return write


def _bomb(suffix: str, first: str) -> Callable[[Path], str]:
    def write(project: Path) -> str:
        gzip_bomb(project / RAW / f"t{suffix}", 6 * 2**30, first.encode())
        return f"{RAW}/t{suffix}"

    return write


def _pipe(project: Path) -> str:
    os.mkfifo(project / RAW / "t.csv")
    return f"{RAW}/t.csv"


def _pipe_in_a_folder(project: Path) -> str:
    raw(project, "a.csv", CSV)
    os.mkfifo(project / RAW / "b.csv")
    return RAW


def _link_to(name: str, target: str) -> Callable[[Path], str]:
    def write(project: Path) -> str:
        raw(project, "a.csv", CSV)
        raw_link(project, name, target)
        return RAW

    return write


def _named(name: str) -> Callable[[Path], str]:
    def write(project: Path) -> str:
        raw(project, f"{name}.csv", CSV)
        raw(project, f"{name}-broken.csv", CSV + "one,two,three\n")
        return RAW

    return write


def _folder_named_as_a_file(project: Path) -> str:
    (project / RAW / "t.csv").mkdir()
    return f"{RAW}/t.csv"


WRITTEN: dict[str, Callable[[Path], str]] = {
    "60 million rows of one value in Parquet": _parquet_of_a_value,
    "16 gigabytes of one value in Parquet": _parquet_of_a_long_value,
    "four gigabytes of zeros in Parquet": _packed_zeros,
    **{f"Parquet with a byte inverted at {place}": _flipped_at(place) for place in
       (0.02, 0.1, 0.2, 0.45, 0.7)},
    "Parquet without its end": _cut,
    "a type that is 60 structs deep in Parquet": _deep_type,
    "a column twice in Parquet": _named_twice,
    "CSV of 64 sparse gigabytes": _zeros_of_gigabytes(".csv", CSV),
    "JSONL of 64 sparse gigabytes": _zeros_of_gigabytes(".jsonl", JSONL),
    "Parquet of 64 sparse gigabytes": _zeros_of_gigabytes(".parquet", "PAR1"),
    "a gzip bomb of CSV": _bomb(".csv.gz", CSV),
    "a gzip bomb of JSONL": _bomb(".jsonl.gz", JSONL),
    "a pipe": _pipe,
    "a pipe in a folder": _pipe_in_a_folder,
    "a link to /etc/passwd": _link_to("b.csv", "/etc/passwd"),
    "a link to /dev/zero": _link_to("b.csv", "/dev/zero"),
    "a link to a file beside the project": _link_to("b.csv", "../../../canary.txt"),
    "a link to itself": _link_to("b.csv", "b.csv"),
    "a link without a target": _link_to("b.csv", "nowhere"),
    "a folder with the name of a file": _folder_named_as_a_file,
    "an escape sequence in a file name": _named(f"t{ESCAPE}"),
    "a line break in a file name": _named("t\nError: all is well"),
    "an interpolation in a file name": _named("${oc.env:STILLROOM_TEST_CANARY}"),
    "bytes that are no UTF-8 in a file name": _named("t\udcff\udcfe"),
}  # fmt: skip
WRITTEN_HARMLESS: dict[str, Callable[[Path], str]] = {
    # Its footer, which has no checksum: the name of the program that wrote it, for example.
    "Parquet with a byte inverted at 0.98": _flipped_at(0.98),
    "a pickled extension type in Parquet": _pickled_type,
}
IMAGE_PATHS = {
    "up and out": '"../../../canary.txt"',
    "absolute": '"/etc/passwd"',
    "a URL": '"http://127.0.0.1:9/a.png"',
    "a file URL": '"file:///etc/passwd"',
    "a NUL": '"a\\u0000.png"',
    "an escape sequence": '"\\u001b]52;c;cHduZWQ=\\u0007.png"',
    "a device": '"/dev/zero"',
    "the folder itself": '"."',
    "of a megabyte": f'"{"a/" * 500_000}"',
    "a home": '"~/canary.txt"',
}
