"""Column schema: the columns of a shard, those of its keys and those of its sparsifier.

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
| pieces | uint16 | of packs with features: how many pieces have a vector there; optional |

The lists ids, positions and values run in parallel: an entry is a coordinate and its value. Entries
are sorted by id, because a sequence's ids then take half of the bytes that they take position by
position.
"""

from dataclasses import dataclass

import pyarrow as pa

from stillroom.softlabels.columns.id_type import id_type
from stillroom.softlabels.format.input_key import KEY_BYTES
from stillroom.softlabels.format.pooled_features import COLUMN, NONE, OF_PIECES, PIECES, Kept
from stillroom.softlabels.sparsify.sparsifier import ID, Column, Sparsifier

MEANINGS = {
    "example_id": "hash of the example's raw content",
    "input_key": "hash of what the teacher saw",
    "teacher": "fingerprint of the capture, the first 16 digits",
    "view": "which view of the example; 0 is the plain one",
    "draw": "which independent draw of the sparsifier",
    "label": "hard label of a row with one position; null without",
    COLUMN: "the teacher's last hidden state, averaged over the row's positions",
}
_OF_PIECES = {
    COLUMN: "the teacher's last hidden state, averaged over each piece's tokens, piece after piece",
    PIECES: "how many pieces the row has",
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


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one capture's shards.

    Attributes:
        sparsifier: the sparsifier of the capture.
        classes: C, which determines the width of an id.
        features: which features are kept: `none`, one vector per row, or one per piece.
    """

    sparsifier: Sparsifier
    classes: int
    features: Kept = NONE

    @property
    def value(self) -> str | None:
        """The column that holds an entry's value; None if the rows hold no entries."""
        return self.sparsifier.value_column

    @property
    def scalars(self) -> dict[str, pa.DataType]:
        """The columns with one value per row, and their types."""
        return _FIXED | ({PIECES: pa.uint16()} if self.features == OF_PIECES else {})

    @property
    def lists(self) -> dict[str, pa.DataType]:
        """The list columns and the types of their elements."""
        types = {column.name: self._type(column) for column in self.sparsifier.columns}
        return types | ({COLUMN: pa.float16()} if self.features != NONE else {})

    def _type(self, column: Column) -> pa.DataType:
        return id_type(self.classes) if column.type == ID else pa.type_for_alias(column.type)

    @property
    def schema(self) -> pa.Schema:
        """Every column, with its meaning in the metadata of the field."""
        meanings = MEANINGS | {column.name: column.meaning for column in self.sparsifier.columns}
        meanings |= _OF_PIECES if self.features == OF_PIECES else {}
        fields = [
            pa.field(name, kind, nullable=name == "label", metadata={"meaning": meanings[name]})
            for name, kind in self.scalars.items()
        ]
        fields += [
            pa.field(
                name,
                pa.list_(pa.field("element", kind, nullable=False)),
                nullable=False,
                metadata={"meaning": meanings[name]},
            )
            for name, kind in self.lists.items()
        ]
        return pa.schema(fields)
