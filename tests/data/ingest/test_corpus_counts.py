"""Corpus counts: each split has a number, also where nothing was counted."""

import pytest

from stillroom.data.ingest.corpus_counts import CorpusCounts, require_every_split
from stillroom.errors import DataError


def test_every_split_has_a_number() -> None:
    counts = CorpusCounts(duplicate_documents=2)
    counts.documents["train"] += 3
    counts.bytes["test"] += 7
    document = counts.to_json()
    assert document["documents"] == {"train": 3, "validation": 0, "test": 0}
    assert document["bytes"] == {"train": 0, "validation": 0, "test": 7}
    assert (document["duplicate_documents"], document["duplicate_sequences"]) == (2, 0)


def test_a_row_counts_for_its_split() -> None:
    counts = CorpusCounts()
    counts.add({"split": "test", "tokens": [1, 2, 3], "bytes": 9, "labels": 2})
    counts.add({"split": "test", "tokens": [1], "bytes": 1, "labels": 0})
    document = counts.to_json()
    assert [document[name]["test"] for name in ("sequences", "tokens", "bytes")] == [2, 4, 10]
    assert counts.learnt["test"] == 2


@pytest.mark.parametrize("what", ["documents", "conversations"])
def test_a_split_without_a_sequence_is_refused(what: str) -> None:
    counts = CorpusCounts()
    counts.documents["train"] = 2
    counts.sequences.update(train=2, validation=1)
    with pytest.raises(DataError, match=f"The test split is empty: 2 {what} are too few") as raised:
        require_every_split(counts, what)
    assert ("data.documents.cut" in str(raised.value)) is (what == "documents")
    counts.sequences["test"] = 1
    require_every_split(counts, what)
