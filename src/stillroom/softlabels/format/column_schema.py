"""Column schema: the columns of a shard, for each kind of sparsifier.

| column | type | meaning |
|---|---|---|
| example_id | fixed binary 16 | hash of the example's raw content |
| input_key | fixed binary 16 | hash of what the teacher saw |
| teacher | string | the first 16 digits of the capture's fingerprint |
| view, draw | uint16 | which view of the example, which draw of the sparsifier |
| label | int32, nullable | the hard label, if the row has one position |
| ids | list<uint8, 16 or 32> | classes or tokens, rising |
| positions | list<uint16> | the position in the row, from 0; rising among equal ids |
| logits | list<float32> | top-k: for each entry; full: for every class, position by position |
| times | list<uint16> | sample: how often the entry was drawn |
| root_p | list<uint8> | threshold: p = (root_p / 255)^2; 0 marks an entry of weight tau |
| p | list<float32> | fixed threshold: p; 0 marks an entry of the position's equal tail weight |
| log_z | list<float32> | top-k: for each position, log sum exp(logit / T) at each temperature |
| entropy | list<float32> | for each position: of the whole distribution at T = 1, in nats |
| log_p_label | list<float32> | log p of the hard label at T = 1; NaN without a label |
| features | list<float16> | the teacher's last hidden state, averaged over positions; optional |

The lists ids, positions and values run in parallel: an entry is a coordinate and its value. Entries
are sorted by id, because a sequence's ids then take half of the bytes that they take position by
position.
"""

from dataclasses import dataclass

import pyarrow as pa

from stillroom.softlabels.format.input_key import KEY_BYTES
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)

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
    "features": "the teacher's last hidden state, averaged over the row's positions",
}
_FIXED = {
    "example_id": pa.binary(KEY_BYTES),
    "input_key": pa.binary(KEY_BYTES),
    "teacher": pa.string(),
    "view": pa.uint16(),
    "draw": pa.uint16(),
    "label": pa.int32(),
}
KEY_COLUMNS = tuple(_FIXED)
VALUES = {TopK: "logits", Sample: "times", Threshold: "root_p", FixedThreshold: "p"}
_VALUE_TYPES = {
    "logits": pa.float32(),
    "times": pa.uint16(),
    "root_p": pa.uint8(),
    "p": pa.float32(),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one capture's shards.

    Attributes:
        sparsifier: the sparsifier of the capture.
        classes: C, which determines the width of an id.
        features: `pooled` if features are kept, else `none`.
    """

    sparsifier: Sparsifier
    classes: int
    features: str = "none"

    @property
    def id_type(self) -> pa.DataType:
        """The narrowest type that can hold every id."""
        if self.classes <= 2**8:
            return pa.uint8()
        return pa.uint16() if self.classes <= 2**16 else pa.uint32()

    @property
    def value(self) -> str:
        """The column that holds an entry's value."""
        return VALUES.get(type(self.sparsifier), "logits")

    @property
    def lists(self) -> dict[str, pa.DataType]:
        """The list columns and the types of their elements."""
        features = {"features": pa.float16()} if self.features != "none" else {}
        return self._answer_lists | features

    @property
    def _answer_lists(self) -> dict[str, pa.DataType]:
        if isinstance(self.sparsifier, Full):
            return {"logits": pa.float32()}
        log_z = {"log_z": pa.float32()} if isinstance(self.sparsifier, TopK) else {}
        return {
            "ids": self.id_type,
            "positions": pa.uint16(),
            self.value: _VALUE_TYPES[self.value],
            **log_z,
            "entropy": pa.float32(),
            "log_p_label": pa.float32(),
        }

    @property
    def schema(self) -> pa.Schema:
        """Every column, with its meaning in the metadata of the field."""
        fields = [
            pa.field(name, kind, nullable=name == "label", metadata=_meaning(name))
            for name, kind in _FIXED.items()
        ]
        fields += [
            pa.field(
                name,
                pa.list_(pa.field("element", kind, nullable=False)),
                nullable=False,
                metadata=_meaning(name),
            )
            for name, kind in self.lists.items()
        ]
        return pa.schema(fields)


def _meaning(column: str) -> dict[str, str]:
    return {"meaning": MEANINGS[column]}
