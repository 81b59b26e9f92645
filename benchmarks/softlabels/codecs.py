"""Codecs: one set of Gemma's answers, the bytes and the reading of each way to lay it out.

    answers ──threshold, 44 entries──> Content ──each codec, each level──> Parquet ──> entries

All files hold the same keys, entropies and log p, and each is read back and compared. Weights are
what our roots say, so float32 has few distinct ones here; the second table takes true ones.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from timeit import repeat

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.softlabels.answers import Answered
from benchmarks.softlabels.sizes import WHOLE
from stillroom.softlabels.codec.decode import Decoded
from stillroom.softlabels.codec.layout import KEY_COLUMNS, Layout
from stillroom.softlabels.codec.ragged import flat, lists, offsets
from stillroom.softlabels.codec.rounding import from_roots
from stillroom.softlabels.codec.shard import DELTA, LEVEL, SPLIT, to_bytes
from stillroom.softlabels.pilot import Pilot
from stillroom.softlabels.sparsify.kinds import Threshold

ENTRIES, LEVELS, TURNS, PILOT_ROWS = 44.0, (3, 9, 15, 19), 9, 2
PLAIN = "PLAIN"
Columns = dict[str, tuple[np.ndarray | list[bytes], str]]  # with their encodings
Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # owner, id and value of each entry


@dataclass(frozen=True)
class Content:
    """Entries [E] of rows of equal length; owners count positions over all rows."""

    common: pa.Table  # the columns that all files have
    weight: np.ndarray  # [256], of each root; 0 stands for tau
    owners: np.ndarray
    ids: np.ndarray
    values: np.ndarray  # roots, or weights as they are

    @classmethod
    def of(cls, table: pa.Table, layout: Layout) -> "Content":
        """Return what a table of ours holds, in its order: by row, id and position."""
        found = Decoded(table, layout).distributions(1.0)
        weight = from_roots(np.arange(256)).astype(np.float32)
        weight[0] = layout.sparsifier.tau
        common = table.select([*KEY_COLUMNS, "entropy", "log_p_label"])
        return cls(common, weight, found.owners, found.ids, flat(table, "root_p").values)

    @property
    def counts(self) -> np.ndarray:
        """How many entries each position has."""
        return np.bincount(self.owners, minlength=len(self.common) * _length(self.common))

    @property
    def weights(self) -> np.ndarray:
        """The weight of each entry."""
        return self.values if self.values.dtype == np.float32 else self.weight[self.values]


@dataclass(frozen=True)
class Codec:
    """Columns out of content, and entries out of a table that has them."""

    name: str
    columns: Callable[[Content], Columns]
    found: Callable[[pa.Table], Found]


def compare(answers: Answered) -> str:
    """Return two tables in markdown: codecs of the entries, and of a head's value."""
    pilot = Pilot()
    for logits in answers.logits:
        pilot.see(np.array(logits[:-1]), 1.0)
    kept = Threshold(entries=ENTRIES, tau=pilot.tau(ENTRIES), temperature=1.0)
    with TemporaryDirectory(prefix="stillroom-bench-", dir="build") as folder:
        ((_, table),) = answers.labels(kept, WHOLE, Path(folder)).tables(0)
    parts = (table, table[:PILOT_ROWS], table[PILOT_ROWS:])
    content, first, rest = (Content.of(part, Layout(kept, WHOLE)) for part in parts)
    here, shard = len(_file(OURS, content, LEVEL)), len(to_bytes(table, Layout(kept, WHOLE)))
    if abs(here / shard - 1) > 0.02:
        raise ValueError(f"{OURS.name}: {here:,} bytes here, and {shard:,} in a shard.")
    rows = [
        _row(_by_position("plain ids, float32, by position", PLAIN), content.with_floats()),
        *(_row(codec, content) for codec in (IDS, ID_GAPS, OURS, CELL_GAPS, OPAQUE)),
        _row(_ranked(first), rest),
        _row(replace(OURS, name=f"{OURS.name}; the same 6 sequences"), rest),
    ]
    title = f"{len(content.ids) / len(content.counts):.1f} entries a position; bytes a position"
    head = [title, *(f"zstd {level}" for level in LEVELS), f"read (zstd {LEVEL}), µs a position"]
    return f"{_markdown([head, *rows])}\n\n{_markdown(_values(content, answers))}\n"


def _row(codec: Codec, content: Content) -> list[str]:
    files = {level: _file(codec, content, level) for level in LEVELS}
    seconds = repeat(lambda: _read(codec, content, files[LEVEL]), number=1, repeat=TURNS)
    sizes = [f"{len(file) / len(content.counts):.1f}" for file in files.values()]
    return [codec.name, *sizes, f"{median(seconds) / len(content.counts) * 1e6:.1f}"]


def _values(content: Content, answers: Answered) -> list[list[str]]:
    p, own, length = np.zeros(len(content.ids)), 0.0, _length(content.common)
    for row, dense in enumerate(answers.p(WHOLE)):
        here = content.owners // length == row
        p[here] = dense[content.owners[here] % length, content.ids[here]]
        own += np.vdot(dense, dense)
    head, tau = content.values > 0, float(content.weight[0])
    own += ((tau - p[~head]) ** 2).sum() - (p**2).sum()
    true, grid = p[head], tau ** np.linspace(1, 0, 255)
    low = np.searchsorted(grid[1:-1], true, side="right")
    up = (true - grid[low]) / (grid[low + 1] - grid[low])
    logs = low + (np.random.default_rng(0).random(len(low)) < up)
    stored = {
        "float32": (true.astype(np.float32), true.astype(np.float32)),
        "float16": (true.astype(np.float16), true.astype(np.float16).astype(float)),
        "u8, root (ours)": (content.values[head], content.weights[head]),
        "u8, log": ((logs + 1).astype(np.uint8), grid[logs]),
    }
    lines = [["value of a head", "bytes a position, all in", "added squared error, of own"]]
    for name, (values, read) in stored.items():
        column = np.zeros(len(p), values.dtype)  # 0 marks the tail, as ever
        column[head] = values
        size = len(_parquet(content, OURS.columns(replace(content, values=column)), LEVEL))
        added = ((read - true) ** 2).sum() / own
        lines.append([name, f"{size / len(content.counts):.1f}", f"{added:.3%}"])
    return lines


def _markdown(lines: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(lines[0]) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _file(codec: Codec, content: Content, level: int) -> bytes:
    """Return the file; raise ValueError where other entries come back than went in."""
    file = _parquet(content, codec.columns(content), level)
    sent = _sorted(content.owners, content.ids, content.weights)
    if not all(map(np.array_equal, sent, _sorted(*_read(codec, content, file)))):
        raise ValueError(f"{codec.name}: other entries come back than went in.")
    return file


def _parquet(content: Content, columns: Columns, level: int) -> bytes:
    table, encodings = content.common, dict.fromkeys(set(KEY_COLUMNS) - {"teacher"}, PLAIN)
    encodings |= {f"{name}.list.element": SPLIT for name in ("entropy", "log_p_label")}
    places = flat(table, "entropy").bounds
    for name, (values, encoding) in columns.items():
        if name == "opaque":
            column, path = pa.array(values, pa.binary()), name
        else:
            bounds = places if name == "counts" else offsets(content.counts)[places]
            column, path = lists(values, bounds), f"{name}.list.element"
        table = table.append_column(pa.field(name, column.type, nullable=False), column)
        encodings[path] = encoding
    how = {"compression_level": level, "use_dictionary": ["teacher"], "column_encoding": encodings}
    pq.write_table(table, sink := io.BytesIO(), **HOW, **how)
    return sink.getvalue()


def _read(codec: Codec, content: Content, file: bytes) -> Found:
    owners, ids, values = codec.found(pq.read_table(io.BytesIO(file), use_threads=False))
    return owners, ids, replace(content, values=values).weights


def _length(table: pa.Table) -> int:
    return len(table["entropy"][0])


def _sorted(owners: np.ndarray, ids: np.ndarray, values: np.ndarray) -> Found:
    order = np.lexsort((ids, owners))
    return owners[order], ids[order], values[order]


def _gaps(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    found, starts = np.diff(values, prepend=0), offsets(counts)[:-1][counts > 0]
    found[starts] = values[starts]  # each run starts anew
    return found


def _sums(gaps: np.ndarray, counts: np.ndarray) -> np.ndarray:
    before = offsets(gaps)
    return before[1:] - np.repeat(before[offsets(counts)[:-1]], counts)


def _same(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return values
