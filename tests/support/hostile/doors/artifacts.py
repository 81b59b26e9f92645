"""Door: artifacts. What earlier stages wrote, and someone changed: in data, or in DVC's cache."""

import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from support.hostile.attempt import Attempt, Outcome
from support.hostile.doors.tables import Payload
from support.hostile.raw_files import ESCAPE, flipped, sparse

Edit = Callable[[Path], None]
EXAMPLES = "data/02_examples/examples/00001-of-00001.parquet"
ENCODER = "data/02_examples/encoder/encoder.json"
REPORT = "data/02_examples/data_report.json"
LICENCE = "data/03_teachers/licence.json"
TEACHER = "data/03_teachers/ensemble/member_0"
LABELS = "data/04_soft_labels"
STUDENT = "data/05_students/default/student"
RESULTS = "data/07_reports"


def attempts() -> Iterator[Attempt]:
    """Yield the attempts of this door."""
    for stage, edits in REFUSED.items():
        for name, edit in edits.items():
            yield _attempt(f"{name}, in {stage}", stage, edit)
    for stage, edits in HARMLESS.items():
        for name, edit in edits.items():
            yield _attempt(f"{name}, in {stage}", stage, edit, "any")


def _attempt(name: str, stage: str, edit: Edit, must_be: Outcome = "refused") -> Attempt:
    def prepare(project: Path) -> Mapping[str, str]:
        edit(project)
        return {}

    return Attempt(
        door="artifacts",
        name=name,
        prepare=prepare,
        command=("kedro", "run", f"--pipelines={stage}"),
        must_be=must_be,
        base="distilled",
    )


def _written(path: str, content: bytes | str) -> Edit:
    def edit(project: Path) -> None:
        (project / path).write_bytes(content.encode() if isinstance(content, str) else content)

    return edit


def _json(path: str, change: Callable[[Any], object]) -> Edit:
    def edit(project: Path) -> None:
        document = json.loads((project / path).read_text())
        change(document)
        (project / path).write_text(json.dumps(document))

    return edit


def _examples(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Edit:
    def edit(project: Path) -> None:
        path = project / EXAMPLES
        schema = pq.read_schema(path)
        table = change(pl.read_parquet(path)).to_arrow()
        same = set(schema.names) == set(table.column_names)
        pq.write_table(table.cast(schema) if same else table, path)

    return edit


def _other_labels(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(label=1 - pl.col("label"))


def _test_into_train(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(split=pl.col("split").replace({"test": "train", "train": "test"}))


def _contents_rolled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("image").gather((pl.int_range(pl.len()) + 1) % pl.len()))


def _pickled_type(project: Path) -> None:
    path = project / EXAMPLES
    table = pq.read_table(path)
    field = table.schema.field("label").with_metadata(
        {
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": pickle.dumps(Payload()),
        }
    )
    schema = table.schema.set(table.schema.get_field_index("label"), field)
    pq.write_table(pa.table(table.columns, schema=schema), path)


def _shard(change: Callable[[bytes], bytes]) -> Edit:
    def edit(project: Path) -> None:
        path = min((project / LABELS / "shards").iterdir())
        path.write_bytes(change(path.read_bytes()))

    return edit


def _first_shard_again(project: Path) -> None:
    first, second = sorted((project / LABELS / "shards").iterdir())[:2]
    second.write_bytes(first.read_bytes())


def _linked(path: str, target: str) -> Edit:
    def edit(project: Path) -> None:
        (project / path).unlink()
        (project / path).symlink_to(target)

    return edit


def _manifest(change: Callable[[dict[str, Any]], object]) -> Edit:
    return _json(f"{LABELS}/manifest.json", change)


def _shard_outside(document: dict[str, Any]) -> None:
    document["members"][0]["shards"][0]["sha256"] = "../../../canary.txt"


def _sparse(path: str) -> Edit:
    return lambda project: sparse(project / path, 64 * 2**30)


def _every_number(document: Any) -> None:
    """Put an escape sequence into every text of a document."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(inner):
        if isinstance(value, dict | list):
            _every_number(value)
        elif isinstance(value, str):
            document[key] = f"{value}{ESCAPE}<script>alert(1)</script>"


REFUSED: dict[str, dict[str, Edit]] = {
    "train": {
        "other labels": _examples(_other_labels),
        "test and train exchanged": _examples(_test_into_train),
        "contents moved by one row": _examples(_contents_rolled),
        "half of the examples": _examples(lambda frame: frame[::2]),
        "a row twice": _examples(lambda frame: pl.concat([frame, frame[:1]])),
        "no examples": _examples(lambda frame: frame[:0]),
        "a column less": _examples(lambda frame: frame.drop("label")),
        "examples of 64 sparse gigabytes": _sparse(EXAMPLES),
        "examples that link to the outside": _linked(EXAMPLES, "../../../../canary.txt"),
        "examples that are a pickle": _written(EXAMPLES, pickle.dumps(Payload())),
        "an encoder of no kind": _json(ENCODER, lambda document: document.update(kind="evil")),
        "an encoder of 200,000 brackets": _written(ENCODER, "[" * 200_000),
        "an encoder of other classes": _json(
            ENCODER, lambda document: document.update(classes=["down", "across"])
        ),
        "a shape of 10^18 in the encoder": _json(
            ENCODER, lambda document: document.update(shape=[10**9, 10**9, 1])
        ),
        "a byte of a shard inverted": _shard(lambda content: flipped(content, 400)),
        "a shard that is a pickle": _shard(lambda content: pickle.dumps(Payload())),
        "a shard in the place of another": _first_shard_again,
        "a manifest of 200,000 brackets": _written(f"{LABELS}/manifest.json", "[" * 200_000),
        "a manifest that names a file outside": _manifest(_shard_outside),
        "a manifest of another version": _manifest(lambda document: document.update(version=10**9)),
        "a manifest of 64 sparse gigabytes": _sparse(f"{LABELS}/manifest.json"),
    },
    "capture": {
        "a teacher's weights that are a pickle": _written(
            f"{TEACHER}/model.safetensors", pickle.dumps(Payload())
        ),
        "a teacher's config that names other weights": _json(
            f"{TEACHER}/config.json",
            lambda document: document.update(transformers_weights="../../../../../canary.txt"),
        ),
        "a teacher's config that links to the outside": _linked(
            f"{TEACHER}/config.json", "../../../../../canary.txt"
        ),
        "a licence that is a list": _written(LICENCE, "[]"),
        "a licence of 200,000 brackets": _written(LICENCE, "[" * 200_000),
    },
    "evaluate": {
        "a student's weights that are a pickle": _written(
            f"{STUDENT}/model.safetensors", pickle.dumps(Payload())
        ),
        "a student's config that names other weights": _json(
            f"{STUDENT}/config.json",
            lambda document: document.update(transformers_weights="../../../../canary.txt"),
        ),
        "a student of code of its own": _json(
            f"{STUDENT}/config.json",
            lambda document: document.update(
                model_type="evil", auto_map={"AutoModelForImageClassification": "evil.Model"}
            ),
        ),
    },
    "report": {
        f"{name} of {words}": _written(f"{RESULTS}/{name}", content)
        for name in ("metrics.json", "statistics.json", "lineage.json", "cost.json")
        for words, content in (("200,000 brackets", "[" * 200_000), ("a list", "[]"))
    },
}


def _flip(path: Path) -> None:
    path.write_bytes(flipped(path.read_bytes(), -50))


HARMLESS: dict[str, dict[str, Edit]] = {
    # Other weights are another teacher, whose answers are captured anew.
    "capture": {
        "a teacher's byte inverted": lambda project: _flip(project / TEACHER / "model.safetensors"),
    },
    "train": {"a pickled extension type in the examples": _pickled_type},
    # A student whose origin cannot be read is left out of the family with a warning.
    "evaluate": {
        "a student's origin of 200,000 brackets": _written(
            "data/05_students/default/origin.json", "[" * 200_000
        ),
    },
    "report": {
        f"escapes and markup in {name}": _json(name, _every_number)
        for name in (REPORT, f"{RESULTS}/lineage.json", f"{RESULTS}/statistics.json")
    },
}
