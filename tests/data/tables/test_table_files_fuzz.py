"""Table files, fuzzed: whatever the bytes are, a table or one line, and never a crash.

The ordinary suite tries some hundred files of text, and a damaged file of Parquet that ends the
process of its parser. `pytest -m faults` tries all formats for STILLROOM_FUZZ_SECONDS, 300 if it is
not set, in processes of their own.
"""

import gzip
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.examples.table_request import columns_of, limits

from stillroom.errors import DataError

WANTED = ("text", "label", "values")
TABLE = pa.table(
    {
        "text": ["a", "bé", None, "d" * 40] * 5,
        "label": [0, 1, None, 1] * 5,
        "values": [[0.5, 1.0], [2.0], [], None] * 5,
    }
)
RECORDS = TABLE.to_pylist()


def arrow_bytes(write) -> bytes:
    sink = io.BytesIO()
    write(sink)
    return sink.getvalue()


def stream(sink) -> None:
    with pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=7)


LINES = "".join(json.dumps(one) + "\n" for one in RECORDS).encode()
FILES = {
    "t.parquet": arrow_bytes(lambda sink: pq.write_table(TABLE, sink, row_group_size=7)),
    "plain.parquet": arrow_bytes(
        lambda sink: pq.write_table(TABLE, sink, compression="none", use_dictionary=False)
    ),
    "t.arrow": arrow_bytes(stream),
    "t.feather": arrow_bytes(lambda sink: pyarrow.feather.write_feather(TABLE, sink)),
    "t.csv": b"text,label,values\n" + b'"a, ""b""\nc",x,1\nd,,2\n' * 3,
    "t.tsv": b"text\tlabel\tvalues\na\tx\t1\n",
    "t.jsonl": LINES,
    "t.json": json.dumps(RECORDS).encode(),
    "t.jsonl.gz": gzip.compress(LINES, mtime=0),
}
BINARY = ("t.parquet", "plain.parquet", "t.arrow", "t.feather")
# pyarrow 26 throws an exception that nothing catches, which ends the process by SIGABRT.
ABORTS = [
    (11917, "cut", b"\xfd\xab\xee\xea\x94\xcb"),
    (14638, "set", b"\xbb\xad"),
    (23557, "set", b"H"),
]
SMALL = limits(bytes=2**24, rows=10**5, record=2**16)

edits = st.lists(
    st.tuples(
        st.integers(0, 2**16),
        st.sampled_from(("set", "cut", "insert", "repeat")),
        st.binary(max_size=9),
    ),
    min_size=1,
    max_size=6,
)


def edited(content: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    for place, how, new in changes:
        at = place % (len(content) + 1)
        match how:
            case "set":
                content = content[:at] + new + content[at + len(new) :]
            case "cut":
                content = content[:at] + content[at + len(new) :]
            case "insert":
                content = content[:at] + new + content[at:]
            case "repeat":
                content = content[:at] + content[max(0, at - 9) : at] * 3 + content[at:]
    return content


def try_to_read(path: Path) -> None:
    """Read a file; it is a table, or an error of one line."""
    try:
        columns = columns_of(path, WANTED, limits=SMALL, optional=frozenset(WANTED))
    except DataError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1000
    else:
        assert isinstance(columns.frame, pl.DataFrame)


@pytest.mark.parametrize("name", FILES)
def test_a_sound_file_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    assert columns_of(tmp_path / name, ("text", "label"), limits=SMALL).frame.height > 0


@pytest.mark.parametrize("name", [name for name in FILES if name not in BINARY])
def test_a_changed_file_is_a_table_or_one_line(tmp_path: Path, name: str) -> None:
    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(edits)
    def check(changes: list[tuple[int, str, bytes]]) -> None:
        (tmp_path / name).write_bytes(edited(FILES[name], changes))
        try_to_read(tmp_path / name)

    check()


def test_a_file_that_ends_the_process_of_its_parser_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(edited(FILES["plain.parquet"], ABORTS))
    try_to_read(tmp_path / "t.parquet")


@pytest.mark.faults
@pytest.mark.parametrize("name", FILES)
def test_minutes_of_changed_files_end_no_process(tmp_path: Path, name: str) -> None:
    seconds = float(os.environ.get("STILLROOM_FUZZ_SECONDS", "300")) / len(FILES)
    started, seed = time.monotonic(), 0
    while time.monotonic() - started < seconds:
        seed += 1
        ran = subprocess.run(
            [sys.executable, __file__, name, str(tmp_path), str(seed)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert ran.returncode == 0, f"seed {seed}: {ran.returncode} {ran.stderr[-2000:]}"


def _many(name: str, folder: Path, seed: int) -> None:
    import random

    random_numbers = random.Random(f"{name} {seed}")
    for number in range(20 if name in BINARY else 500):
        changes = [
            (
                random_numbers.randrange(2**16),
                random_numbers.choice(("set", "cut", "insert", "repeat")),
                random_numbers.randbytes(random_numbers.randrange(1, 9)),
            )
            for _ in range(random_numbers.randrange(1, 6))
        ]
        path = folder / name
        path.write_bytes(edited(FILES[name], changes))
        try:
            try_to_read(path)
        except BaseException:
            print(f"file {number} of seed {seed}: {changes}", file=sys.stderr)
            raise


if __name__ == "__main__":
    _many(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
