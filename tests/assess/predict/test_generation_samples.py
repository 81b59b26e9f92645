"""Continuations of texts of the test split: each model's own, beside the real one."""

from pathlib import Path

import polars as pl
import pytest
from support.examples.corpus_examples import CorpusOnDisk, small_corpus, token_teachers

from stillroom.assess.predict.generation_samples import BEGIN, MOST, continuations
from stillroom.models.forward.generate import GenerationLimits, greedy_continuations
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.stored_teachers import teacher_refs


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    folder = tmp_path_factory.mktemp("corpus")
    return small_corpus(folder, text={"length": 64}, documents={"join": 400})


def test_every_model_goes_on_with_the_same_texts(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    models = token_teachers(corpus, tmp_path, members=3)
    refs = teacher_refs(models)[:1]
    students = {"control": models / "member_1", "student": models / "member_2"}
    test = corpus.examples.read().filter(pl.col("split") == "test")
    records = continuations(test, corpus.fitted, refs, students)
    assert 1 <= len(records) <= 4
    tokenizer = corpus.fitted.tokenizer
    limits = GenerationLimits(MOST, (tokenizer.end or 0,), tokenizer.size)
    for record in records:
        (begun,) = tokenizer.encode([record["beginning"]])
        assert any(row[:BEGIN] == begun.ids.tolist() for row in test["tokens"].to_list())
        for name, path in ({"teacher": refs[0].path} | students).items():
            (continuation,) = greedy_continuations(load_model(path), [begun.ids.tolist()], limits)
            assert record[name] == tokenizer.decode(continuation)
    assert len({record["student"] for record in records} | {records[0]["teacher"]}) > 1


def test_texts_that_are_too_short_give_none(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    refs = teacher_refs(token_teachers(corpus, tmp_path))
    short = (
        corpus.examples.read()
        .head(2)
        .with_columns(
            tokens=pl.lit([1, 2, 3], dtype=pl.List(pl.Int32)),
            starts=pl.lit([0], dtype=pl.List(pl.Int32)),
        )
    )
    assert continuations(short, corpus.fitted, refs, {}) == []
