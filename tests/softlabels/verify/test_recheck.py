"""A teacher asked again: the same answers pass, those of other rows and other teachers do not."""

from pathlib import Path

import numpy as np
import pytest
from linear_teachers import Captured, capture, linear

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.chunks import Question
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, Sparsifier, TopK
from stillroom.softlabels.verify.recheck import require_same_again, rows_again

KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=2, temperatures=(1.0,)),
    Sample(draws=50, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
BY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def first_shard(made: Captured) -> tuple[Shard, Decoded, list[Question]]:
    """Return a shard, what it holds, and the questions that it answers."""
    shard, table = next(iter(made.labels.tables(0)))
    return shard, Decoded(table, made.labels.layout(0)), list(made.questions)[: shard.rows]


@BY_KIND
def test_what_a_teacher_says_twice_is_the_same(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind)
    shard, kept, asked = first_shard(made)
    require_same_again(kept, asked, range(shard.rows), made.members[0], "here")


@BY_KIND
def test_a_row_of_another_input_is_named(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind)
    _, kept, asked = first_shard(made)
    other = Question(asked[1].row, asked[4].input)
    with pytest.raises(SoftLabelError, match="here, row 1: the teacher now answers otherwise"):
        require_same_again(kept, [asked[0], other, *asked[2:]], [0, 1], made.members[0], "here")


@BY_KIND
def test_another_teacher_is_found_out(tmp_path: Path, kind: Sparsifier) -> None:
    shard, kept, asked = first_shard(capture(tmp_path / "set", 1, kind))
    with pytest.raises(SoftLabelError, match="the teacher changed"):
        require_same_again(kept, asked, range(shard.rows), linear(9, kind), "here")


def test_the_row_of_the_unsurest_answer_is_asked_again_and_one_by_the_shards_hash(
    tmp_path: Path,
) -> None:
    shard, kept, _ = first_shard(capture(tmp_path / "set", 1))
    unsurest = int(np.argmax(kept.entropy))
    assert rows_again(shard, kept) == sorted({unsurest, int(shard.sha256[:8], 16) % shard.rows})
