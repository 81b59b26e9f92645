"""Capture: what is written is what the teachers said, whatever the sizes."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from linear_teachers import CLASSES, NAMES, ROWS, Captured, capture

from stillroom.io.hashing import sha256_file


def test_each_member_answers_each_question_once(captured: Captured) -> None:
    assert [sum(member.asked) for member in captured.members] == [ROWS, ROWS]
    assert [shard.rows for shard in captured.labels.manifest.shards] == [8, 8, 8, 1] * 2
    assert [shard.member for shard in captured.labels.manifest.shards] == [0] * 4 + [1] * 4


def test_two_captures_are_byte_identical(tmp_path: Path) -> None:
    first, second = capture(tmp_path / "a"), capture(tmp_path / "b")
    files = sorted(path.relative_to(first.folder) for path in first.folder.rglob("*.*"))
    assert len(files) == 9
    for file in files:
        assert sha256_file(first.folder / file) == sha256_file(second.folder / file)


def test_polars_reads_the_shards_without_stillroom(captured: Captured) -> None:
    frame = pl.read_parquet(captured.folder / "shards" / "*.parquet")
    assert frame.height == 2 * ROWS
    assert frame.columns[:4] == ["example_id", "input_key", "member", "ids"]
    assert frame["ids"].list.len().unique().to_list() == [CLASSES]


def test_the_labels_log_probability_is_the_softmaxs_and_null_without_a_label(
    captured: Captured,
) -> None:
    dense = captured.dense(0)
    expected = dense - np.log(np.exp(dense).sum(axis=1, keepdims=True))
    column = captured.labels.table(0)["log_p_label"].to_pylist()
    for row, label in enumerate(captured.questions.labels):
        if label < 0:
            assert column[row] is None
        else:
            assert column[row] == pytest.approx(expected[row, label], abs=1e-6)


def test_progress_counts_every_row_of_every_member(tmp_path: Path) -> None:
    from stillroom.softlabels.capture import Answers, write_set
    from stillroom.softlabels.sparsify import TopK

    made = capture(tmp_path / "a")
    answers = Answers(made.questions, made.members, TopK("all", (1.0,)), 8, NAMES)
    ticks: list[int] = []
    write_set(answers, tmp_path / "b", ticks.append)
    assert sum(ticks) == answers.forwards == 2 * ROWS


def test_a_capture_that_breaks_off_leaves_no_manifest(tmp_path: Path) -> None:
    from stillroom.softlabels.capture import Answers, write_set
    from stillroom.softlabels.sparsify import TopK

    made = capture(tmp_path / "a")
    made.members[1].weights[:] = np.nan
    answers = Answers(made.questions, made.members, TopK("all", (1.0,)), 8, NAMES)
    with pytest.raises(Exception, match="NaN or infinity"):
        write_set(answers, tmp_path / "b", lambda rows: None)
    assert not (tmp_path / "b" / "manifest.json").exists()
