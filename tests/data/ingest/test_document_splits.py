"""Document splits: equal documents of several splits, and splits that a source gives."""

from pathlib import Path

import pytest
from support.examples.corpus_examples import corpus_data, sentences

from stillroom.data.ingest.ingest_corpus import CorpusIngest
from stillroom.data.text.documents import Document, TextFiles
from stillroom.errors import DataError


def write(folder: Path, name: str, documents: list[str]) -> None:
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    (folder / "texts" / name).write_text("\n".join(documents))


def test_a_document_of_two_splits_belongs_to_the_one_that_is_tested(tmp_path: Path) -> None:
    shared, other = sentences(40), sentences(40, 1)
    write(tmp_path, "a.train.txt", [*shared, *other])
    write(tmp_path, "b.valid.txt", [*shared[:10], *sentences(20, 3)])
    write(tmp_path, "c.test.txt", [*shared[5:25], *sentences(20, 4)])
    report = CorpusIngest.of(corpus_data(), tmp_path).report()
    assert report["documents"] == {"train": 55, "validation": 25, "test": 40}
    assert report["duplicate_documents"] == 30


def test_a_source_with_another_word_for_a_split_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.txt", sentences(5))
    other = Document("a.txt", 0, "a text", split="dev")
    monkeypatch.setattr(TextFiles, "__iter__", lambda self: iter([other]))
    with pytest.raises(DataError, match=r"document 1 of a\.txt has the split 'dev'\. Allowed:"):
        CorpusIngest.of(corpus_data(), tmp_path)
