"""Codecs: bytes and reading time of one set of Gemma's answers in each layout.

    answers ──threshold, 44 entries──> Content ──layouts, at each level──> Parquet ──> entries

All files hold the same keys, entropies and log p, and each is read back and compared. Weights come
from our rounded roots, so float32 has few distinct ones here; the second table takes exact ones.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import repeat

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.softlabels.answers import Answered
from benchmarks.softlabels.sizes import WHOLE
from stillroom.softlabels.columns.list_columns import flat, lists, offsets
from stillroom.softlabels.columns.stochastic_rounding import from_roots
from stillroom.softlabels.format.column_schema import KEY_COLUMNS, Layout
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.shard import DELTA, LEVEL, SPLIT, to_bytes
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.pilot import Pilot

ENTRIES, LEVELS, TURNS, PILOT_ROWS = 44.0, (3, 9, 15, 19), 41, 2
OURS, RANKS = "coordinates by id (ours)", "gaps of frequency ranks, root_p, by position"
COMMON = [*KEY_COLUMNS, "entropy", "log_p_label"]
ENCODINGS = {"plain_ids": "PLAIN", "p": "PLAIN", "sorted_ids": DELTA}  # other lists use SPLIT
# As shards are written.
HOW = {"compression": "zstd", "write_page_checksum": True, "data_page_version": "2.0"}
Columns = dict[
    str, pa.Array
]  # first the columns that hold the ids, last those that hold the weights


@dataclass(frozen=True)
class Content:
    """Entries [E] by row, id and position; owners count positions over rows of equal length."""

    common: pa.Table
    counts: np.ndarray  # [N], of the entries of each position
    length: int
    owners: np.ndarray
    ids: np.ndarray
    roots: np.ndarray  # uint8
    weight: np.ndarray  # [256], float32, of each root; 0 marks tau
    by_rank: np.ndarray  # [V], ids by falling mass in other text

    def columns(self, **values: np.ndarray) -> Columns:
        return {name: lists(v, offsets(self.counts)[:: self.length]) for name, v in values.items()}


def compare(answers: Answered) -> str:
    """Return two tables in markdown: layouts of the entries, and types of a head's value."""
    pilot = Pilot()
    for logits in answers.logits:
        pilot.see(np.array(logits[:-1]), 1.0)
    kept = Threshold(entries=ENTRIES, tau=pilot.tau(ENTRIES), temperature=1.0)
    with TemporaryDirectory(prefix="stillroom-bench-", dir="build") as folder:
        table = pa.concat_tables(t for _, t in answers.labels(kept, WHOLE, Path(folder)).tables(0))
    whole = _content(table, kept, np.arange(WHOLE))
    first = whole.owners < PILOT_ROWS * whole.length
    mass = np.bincount(whole.ids[first], whole.weight[whole.roots[first]], WHOLE)
    rest = _content(table.slice(PILOT_ROWS), kept, np.argsort(-mass, kind="stable"))
    seen = rest.by_rank[: (mass > 0).sum()].astype("u4")
    ranks = len(_file(pa.table({"ids": lists(seen, np.array([0, len(seen)]))}), {}, LEVEL))
    layouts, shard = _layouts(whole), len(to_bytes(table, Layout(kept, WHOLE)))
    ours = len(_file(whole.common, layouts[OURS], LEVEL))
    if abs(ours / shard - 1) > 0.02:
        raise ValueError(f"{OURS}: {ours:,} bytes here, and {shard:,} in a shard.")
    title = f"{len(whole.ids) / len(whole.counts):.1f} entries a position; all in, bytes a position"
    lines = [
        [title, *(f"zstd {level}" for level in LEVELS), f"best read (zstd {LEVEL}), µs"],
        *(_line(name, layouts[name], whole) for name in layouts if name != RANKS),
        _line(f"{RANKS}; 6 sequences, a table of {ranks:,} bytes", _layouts(rest)[RANKS], rest),
        _line(f"{OURS}; the same 6 sequences", _layouts(rest)[OURS], rest),
    ]
    return f"{_markdown(lines)}\n\n{_markdown(_values(whole, answers))}"


def _content(table: pa.Table, kept: Threshold, by_rank: np.ndarray) -> Content:
    distributions = Decoded(table, Layout(kept, WHOLE)).distributions(1.0)
    weight = np.append(kept.tau, from_roots(np.arange(1, 256))).astype("f4")
    fixed = table.select(COMMON), distributions.counts, len(table["entropy"][0])
    roots = flat(table, "root_p").values
    return Content(*fixed, distributions.owners, distributions.ids, roots, weight, by_rank)


def _layouts(content: Content) -> dict[str, Columns]:
    (rows, places), counts = np.divmod(content.owners, content.length), content.counts
    wide, roots, columns = content.ids, content.roots, content.columns
    ranks, per_row = np.argsort(content.by_rank)[wide], np.bincount(rows)
    at, ranked = (np.lexsort((numbers, content.owners)) for numbers in (wide, ranks))
    ids, cells = wide.astype("u4"), _gaps(wide * content.length + places, per_row)
    planes = np.split(np.c_[cells.view("u1").reshape(-1, 4), roots], per_row.cumsum()[:-1])
    each = {"counts": lists(counts.astype("u2"), flat(content.common, "entropy").bounds)}
    weights = columns(p=content.weight[roots[at]])
    root_p, rank_root_p = columns(root_p=roots[at]), columns(root_p=roots[ranked])
    return {
        "plain ids, float32 of root_p, by position": columns(plain_ids=ids[at]) | each | weights,
        "ids, root_p, by position": columns(ids=ids[at]) | each | root_p,
        "gaps of ids, root_p, by position": columns(gaps=_gaps(wide[at], counts)) | each | root_p,
        RANKS: columns(rank_gaps=_gaps(ranks[ranked], counts)) | each | rank_root_p,
        OURS: columns(sorted_ids=ids, positions=places.astype("u2"), root_p=roots),
        "gaps of sorted cells, root_p": columns(cell_gaps=cells, root_p=roots),
        "the same, a binary a row": {"cell_gaps": pa.array([p.T.tobytes() for p in planes])},
    }


def _entries(content: Content, file: bytes) -> tuple[np.ndarray, ...]:
    """Return owners, ids and weights of a file's entries, in its order."""
    table = pq.read_table(io.BytesIO(file), use_threads=False)
    names = table.column_names[len(COMMON) :]
    if len(names) == 1:
        rows = [np.frombuffer(row, "u1").reshape(5, -1) for row in table[names[0]].to_pylist()]
        planes, runs = np.concatenate(rows, axis=1), np.array([row.shape[1] for row in rows])
        ids, values = np.ascontiguousarray(planes[:4].T).view("u4")[:, 0], planes[4]
    else:
        ids, values = flat(table, names[0]).values, flat(table, names[-1]).values
        runs = flat(table, "counts").values if "counts" in names else flat(table, names[0]).lengths
    owners = np.repeat(np.arange(len(runs)), runs)
    ids = _sums(ids, runs) if "gaps" in names[0] else ids
    ids = content.by_rank[ids] if names[0] == "rank_gaps" else ids
    if names[0] == "sorted_ids":
        owners = owners * content.length + flat(table, "positions").values
    elif names[0] == "cell_gaps":
        ids, places = np.divmod(ids, content.length)
        owners = owners * content.length + places
    return owners, ids, values if names[-1] == "p" else content.weight[values]


def _gaps(values: np.ndarray, runs: np.ndarray) -> np.ndarray:
    gaps, starts = np.diff(values, prepend=0), offsets(runs)[:-1][runs > 0]
    gaps[starts] = values[starts]
    return gaps.astype("u4")


def _sums(gaps: np.ndarray, runs: np.ndarray) -> np.ndarray:
    before = offsets(gaps)
    return before[1:] - np.repeat(before[offsets(runs)[:-1]], runs)


def _file(table: pa.Table, columns: Columns, level: int) -> bytes:
    for name, column in columns.items():
        table = table.append_column(pa.field(name, column.type, nullable=False), column)
    nested = [field.name for field in table.schema if pa.types.is_list(field.type)]
    encodings = {name: "PLAIN" for name in table.column_names if name not in (*nested, "teacher")}
    encodings |= {f"{name}.list.element": ENCODINGS.get(name, SPLIT) for name in nested}
    how = HOW | {"compression_level": level, "column_encoding": encodings}
    pq.write_table(table.combine_chunks(), sink := io.BytesIO(), use_dictionary=["teacher"], **how)
    return sink.getvalue()


def _line(name: str, columns: Columns, content: Content) -> list[str]:
    """Return a layout's line; raise ValueError where entries come back changed."""
    files = {level: _file(content.common, columns, level) for level in LEVELS}
    sent = content.owners, content.ids, content.weight[content.roots]
    for file in files.values():
        entries = _entries(content, file)
        ordered = ([part[np.lexsort(one[1::-1])] for part in one] for one in (sent, entries))
        if not all(map(np.array_equal, *ordered)):
            raise ValueError(
                f"{name}: the entries that were read differ from those that were written."
            )
    seconds = repeat(lambda: _entries(content, files[LEVEL]), number=1, repeat=TURNS)
    spent = [*map(len, files.values()), min(seconds) * 1e6]
    return [name, *(f"{one / len(content.counts):.1f}" for one in spent)]


def _values(content: Content, answers: Answered) -> list[list[str]]:
    p, own, length = np.zeros(len(content.ids)), 0.0, content.length
    for row, dense in enumerate(answers.p(WHOLE)):
        here = content.owners // length == row
        p[here] = dense[content.owners[here] % length, content.ids[here]]
        own += np.vdot(dense, dense)
    head, tau = content.roots > 0, float(content.weight[0])
    own += ((tau - p[~head]) ** 2).sum() - (p**2).sum()
    true, grid = p[head], tau ** np.linspace(1, 0, 255)
    low = np.searchsorted(grid[1:-1], true, side="right")
    up = (true - grid[low]) / (grid[low + 1] - grid[low])
    logs = low + (np.random.default_rng(0).random(len(low)) < up)
    types = {
        "float32": (true.astype("f4"), true.astype("f4")),
        "float16": (true.astype("f2"), true.astype("f2").astype(float)),
        "u8, root (ours)": (content.roots[head], content.weight[content.roots[head]]),
        "u8, log": ((logs + 1).astype("u1"), grid[logs]),
    }
    lines = [["value of a head", f"all in, zstd {LEVEL}", "added squared error, of own"]]
    for name, (stored, read) in types.items():
        values = np.zeros(len(p), stored.dtype)  # 0 marks the tail
        values[head] = stored
        columns = _layouts(content)[OURS] | content.columns(root_p=values)
        size = len(_file(content.common, columns, LEVEL)) / len(content.counts)
        lines.append([name, f"{size:.1f}", f"{((read - true) ** 2).sum() / own:.3%}"])
    return lines


def _markdown(lines: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(lines[0]) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])
