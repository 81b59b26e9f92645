"""Column schema: the columns of each kind of sparsifier, and the meaning of each column."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.softlabels.linear_teachers import capture, token_inputs

from stillroom.softlabels.format.column_schema import KEY_COLUMNS, Layout
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

KEYS = ["example_id", "input_key", "teacher", "view", "draw", "label"]
BESIDE = ["entropy", "log_p_label"]
MEANINGS = {
    "example_id": "hash of the example's raw content",
    "input_key": "hash of what the teacher saw",
    "teacher": "fingerprint of the capture, the first 16 digits",
    "view": "which view of the example; 0 is the plain one",
    "draw": "which independent draw of the sparsifier",
    "label": "hard label of a row with one position; null without",
    "ids": "class or token of each entry, rising",
    "positions": "position of each entry in the row, from 0",
    "logits": "logit of each entry, unscaled; without ids: of every class, position by position",
    "times": "how often each entry was drawn",
    "root_p": "p = (root_p / 255)^2 of each entry; 0: its weight is tau of the capture",
    "p": "p of each entry; 0: its weight is (1 - sum of the position's p) / (its entries of p 0)",
    "log_z": "log sum exp(logit / T) of each position, at each captured temperature in turn",
    "entropy": "nats, of the whole distribution of each position at T = 1",
    "log_p_label": "log-probability of each position's hard label at T = 1; NaN without",
}
COLUMNS: list[tuple[Sparsifier, list[str]]] = [
    (Full(), ["logits"]),
    (
        TopK(k=2, temperatures=(1.0, 4.0)),
        ["ids", "positions", "logits", "log_z", *BESIDE],
    ),
    (Sample(samples=5, temperature=1.0), ["ids", "positions", "times", *BESIDE]),
    (
        Threshold(entries=2.0, tau=0.1, temperature=1.0),
        ["ids", "positions", "root_p", *BESIDE],
    ),
    (FixedThreshold(k=2, temperature=1.0), ["ids", "positions", "p", *BESIDE]),
]
kinds = pytest.mark.parametrize(
    ("kind", "columns"), COLUMNS, ids=lambda of: getattr(of, "kind", "")
)


@kinds
def test_a_kind_has_its_columns_and_no_others(kind: Sparsifier, columns: list[str]) -> None:
    assert Layout(kind, 4).schema.names == KEYS + columns
    assert list(KEY_COLUMNS) == KEYS


@pytest.mark.parametrize(
    ("classes", "width"),
    [(2, 8), (256, 8), (257, 16), (65_536, 16), (65_537, 32), (262_144, 32)],
)
def test_an_id_takes_the_fewest_bytes_that_hold_the_last_class(classes: int, width: int) -> None:
    ids = Layout(TopK(k=1, temperatures=(1.0,)), classes).schema.field("ids").type.value_type
    assert ids == {8: pa.uint8(), 16: pa.uint16(), 32: pa.uint32()}[width]


@kinds
def test_the_label_alone_may_be_null_and_lists_have_one_level(
    kind: Sparsifier, columns: list[str]
) -> None:
    schema = Layout(kind, 4).schema
    assert [field.name for field in schema if field.nullable] == ["label"]
    for name in columns:
        element = schema.field(name).type.value_field
        assert pa.types.is_integer(element.type) or pa.types.is_floating(element.type)
        assert not element.nullable


@kinds
def test_a_files_own_metadata_says_what_each_column_means(
    tmp_path: Path, kind: Sparsifier, columns: list[str]
) -> None:
    made = capture(tmp_path / "set", members=1, sparsifier=kind, inputs=token_inputs())
    for file in (made.folder / "shards").iterdir():
        schema = pq.ParquetFile(file).schema_arrow
        assert {field.name: field.metadata[b"meaning"].decode() for field in schema} == {
            name: MEANINGS[name] for name in KEYS + columns
        }
