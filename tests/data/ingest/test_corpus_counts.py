"""Corpus counts: each split has a number, also where nothing was counted."""

from stillroom.data.ingest.corpus_counts import CorpusCounts


def test_every_split_has_a_number() -> None:
    counts = CorpusCounts(duplicate_documents=2)
    counts.documents["train"] += 3
    counts.bytes["test"] += 7
    document = counts.to_json()
    assert document["documents"] == {"train": 3, "validation": 0, "test": 0}
    assert document["bytes"] == {"train": 0, "validation": 0, "test": 7}
    assert (document["duplicate_documents"], document["duplicate_sequences"]) == (2, 0)
