"""Continuations: of texts of the test split, each model's own, beside how they really go on."""

from pathlib import Path

import polars as pl
import pytest
from small_corpus import SmallCorpus, small_corpus, token_teachers

from stillroom.assess.predict.generation_samples import BEGIN, MOST, continuations
from stillroom.models.forward.generate import continued
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.teacher_ref import refer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    folder = tmp_path_factory.mktemp("corpus")
    return small_corpus(folder, text={"length": 64}, documents={"join": 400})


def test_every_model_goes_on_with_the_same_texts(made: SmallCorpus, tmp_path: Path) -> None:
    models = token_teachers(made, tmp_path, members=3)
    refs = refer(models)[:1]
    students = {"control": models / "member_1", "student": models / "member_2"}
    test = made.examples.read().filter(pl.col("split") == "test")
    records = continuations(test, made.fitted, refs, students)
    assert 1 <= len(records) <= 4
    tokenizer = made.fitted.tokenizer
    for record in records:
        (begun,) = tokenizer.encode([record["beginning"]])
        assert any(row[:BEGIN] == begun.ids.tolist() for row in test["tokens"].to_list())
        for name, path in ({"teacher": refs[0].path} | students).items():
            (said,) = continued(
                load_model(path), [begun.ids.tolist()], MOST, tokenizer.end or 0, tokenizer.size
            )
            assert record[name] == tokenizer.decode(said)
    assert len({record["student"] for record in records} | {records[0]["teacher"]}) > 1


def test_texts_that_are_too_short_give_none(made: SmallCorpus, tmp_path: Path) -> None:
    refs = refer(token_teachers(made, tmp_path))
    short = (
        made.examples.read()
        .head(2)
        .with_columns(
            tokens=pl.lit([1, 2, 3], dtype=pl.List(pl.Int32)),
            starts=pl.lit([0], dtype=pl.List(pl.Int32)),
        )
    )
    assert continuations(short, made.fitted, refs, {}) == []
