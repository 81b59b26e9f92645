"""Memory: the peak of `capture` beyond the model, for a set and for one four times as large.

Each size runs in a process of its own, which notes its resident memory once the teacher has been
loaded and has answered a batch, and its peak at the end.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from benchmarks.project import ROOT, Figure, clean_project, kedro
from benchmarks.resident import peak, resident
from benchmarks.softlabels.digits import FEATURES, digits, table_parameters, write_part

SIZES = (15_000, 60_000)
ROWS_PER_SHARD, BATCH = 2048, 256
CLASSES = 10
# Allocators must return freed memory at once. Otherwise they keep about 50 MB here for later use,
# regardless of how often the same rows are read, and the benchmark would measure that.
ALLOCATORS = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "0",
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0",
}


def measure_memory(data: Path) -> list[Figure]:
    """Compare the two sizes' peaks with the bound and with each other."""
    images, labels = digits(data)
    grown = []
    for rows in SIZES:
        with clean_project() as project:
            write_part(project / "data/01_raw", "a", images[:rows], labels[:rows])
            parameters = table_parameters({"members": 1, "epochs": 1})
            (project / "params.yaml").write_text(yaml.safe_dump(parameters), encoding="utf-8")
            kedro(project, "run", "--pipelines=ingest,teachers")
            grown.append(_grown(project))
    bound = _bound()
    more = grown[1] - grown[0]
    return [
        Figure(
            f"memory of capture beyond the model, {SIZES[1]:,} rows, "
            f"shards of {ROWS_PER_SHARD:,} "
            f"({SIZES[0]:,} rows: {grown[0] / 1e6:.1f} MB)",
            f"{grown[1] / 1e6:.1f} MB",
            f"<= {bound / 1e6:.1f} MB: two shards and a batch's logits, for any number of rows",
            grown[1] <= bound and more <= 0.25 * bound,
            {"grown": grown, "bound": bound, "more_for_four_times_the_rows": more},
        )
    ]


def _bound() -> int:
    """Two shards of the largest size as they are worked on, and one batch's logits.

    A row is its input, its logits, its columns as a table and as Parquet, and about 2 kB of keys
    and objects.
    """
    row = FEATURES * 4 + CLASSES * 4 * 4 + 2048
    return 2 * (2 * ROWS_PER_SHARD) * row + BATCH * CLASSES * 4


def _grown(project: Path) -> int:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.softlabels.memory", str(project)],
        cwd=ROOT,
        env={**os.environ, **ALLOCATORS},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(json.loads(ended.stdout)["grown"])


def _capture(project: Path) -> int:
    """Fill a store with the answers of the project's teacher; return the growth in bytes."""
    from stillroom.data.encoders import read_encoder
    from stillroom.data.views.image_views import PLAIN
    from stillroom.io.tables import TableFile
    from stillroom.softlabels.capture.capture import MemberCapture
    from stillroom.softlabels.sparsify.kinds.topk import TopK
    from stillroom.softlabels.store.store import Store
    from stillroom.teachers.capture_inputs import ExampleInputs
    from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
    from stillroom.teachers.teacher import CaptureSettings

    encoder = read_encoder(project / "data/02_examples/encoder")
    ref = teacher_refs(project / "data/03_teachers/ensemble")[0]
    teacher = open_teacher(ref, CaptureSettings("none", 0, BATCH), encoder)
    inputs = ExampleInputs(TableFile(project / "data/02_examples/examples"), encoder, PLAIN, 1)
    member = teacher.keeping(TopK(k=5, temperatures=(1.0, 4.0)))
    with TemporaryDirectory(prefix="stillroom-bench-") as folder:
        warm = MemberCapture(member, Store(Path(folder) / "warm"), BATCH)
        next(iter(warm.shards(inputs, lambda rows: None)))
        before = resident()
        capturing = MemberCapture(member, Store(Path(folder) / "store"), ROWS_PER_SHARD)
        for _ in capturing.shards(inputs, lambda rows: None):
            pass
    return peak() - before


if __name__ == "__main__":
    print(json.dumps({"grown": _capture(Path(sys.argv[1]))}))
