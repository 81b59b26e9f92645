"""Member rows: read by name with all positions; an error names a missing or duplicate row."""

import numpy as np
import pyarrow as pa
import pytest
from support.softlabels.linear_teachers import capture, example_id, linear, token_inputs

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.reading.member_rows import MemberRows, example_ids_of
from stillroom.softlabels.sparsify.kinds.full import Full

WEIGHTS = linear(1, Full()).weights.astype(np.float64)


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> Decoded:
    """Return the rows of a teacher over ten sequences of 1, 2, 3, 1, 2, … positions."""
    labels = capture(tmp_path_factory.mktemp("rows") / "set", 1, inputs=token_inputs()).labels
    table = pa.concat_tables([table for _, table in labels.tables(0)]).combine_chunks()
    return Decoded(table, labels.layout(0))


def test_rows_are_numbered_in_the_order_of_the_shards(decoded: Decoded) -> None:
    rows = MemberRows(0, decoded)
    assert rows.index == {(example_id(number), 0, 0): number for number in range(10)}
    names = [(example_id(number), 0, 0) for number in (7, 0, 4)]
    assert rows.numbers(names).tolist() == [7, 0, 4]
    assert rows.lengths(names).tolist() == [2, 1, 2]
    assert rows.numbers([]).tolist() == []


def test_distributions_are_those_of_every_position_of_the_named_rows(decoded: Decoded) -> None:
    inputs = token_inputs()
    names = [(example_id(number), 0, 0) for number in (5, 3)]
    dense = MemberRows(0, decoded).distributions(names, 2.0).dense()
    logits = np.concatenate([inputs.inputs[5], inputs.inputs[3][:1]]) @ WEIGHTS
    p = np.exp(logits / 2)
    np.testing.assert_allclose(dense, p / p.sum(axis=1, keepdims=True), atol=1e-12)
    assert MemberRows(0, decoded).distributions([], 2.0).dense().shape == (0, 4)


def test_a_temperature_is_computed_once(decoded: Decoded, monkeypatch: pytest.MonkeyPatch) -> None:
    temperatures: list[float] = []
    compute = Decoded.distributions

    def counted(rows: Decoded, temperature: float) -> object:
        temperatures.append(temperature)
        return compute(rows, temperature)

    monkeypatch.setattr(Decoded, "distributions", counted)
    rows = MemberRows(0, decoded)
    for temperature in (1.0, 4.0, 1.0, 4.0):
        rows.distributions([(example_id(2), 0, 0)], temperature)
    assert temperatures == [1.0, 4.0]


def test_missing_rows_are_counted_and_the_first_is_named(decoded: Decoded) -> None:
    names = [(example_id(1), 0, 0), (example_id(1), 0, 3), (example_id(77), 0, 0)]
    words = f"2 of 3 rows have no soft label.*{example_id(1).hex()}, view 0, draw 3"
    for read in (MemberRows(0, decoded).numbers, MemberRows(0, decoded).lengths):
        with pytest.raises(SoftLabelError, match=words):
            read(names)


def test_a_row_that_is_there_twice_is_named_with_its_member(decoded: Decoded) -> None:
    twice = pa.concat_tables([decoded.table, decoded.table.slice(4, 1)]).combine_chunks()
    rows = MemberRows(3, Decoded(twice, decoded.layout))
    words = f"member 3 holds a row twice: example {example_id(4).hex()}, view 0, draw 0"
    with pytest.raises(SoftLabelError, match=words):
        rows.numbers([(example_id(4), 0, 0)])


def test_example_ids_keep_all_their_16_bytes() -> None:
    ids = [b"\0" * 15 + b"\1", b"\1" + b"\0" * 15]  # numpy drops zero bytes at the end
    table = pa.table({"example_id": pa.array(ids, pa.binary(16))})
    assert [key.ljust(16, b"\0") for key in example_ids_of(table).tolist()] == ids
    assert example_ids_of(table).tobytes() == b"".join(ids)
