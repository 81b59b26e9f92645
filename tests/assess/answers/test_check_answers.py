"""Answers of small models: those of a search for the likeliest token, checked by a rule."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from support.examples.corpus_examples import CorpusOnDisk, token_teachers

from stillroom.assess.answers.check_answers import answers_document
from stillroom.config.schema import Answers, Inference
from stillroom.errors import DataError
from stillroom.evaluation.answers.answer_evidence import AnswerEvidence
from stillroom.io.tables import TableFile, write_parts
from stillroom.models.pretrained.model_directory import load_model

CPU = Inference(dtype="float32", device_map="cpu")


@pytest.fixture(scope="module")
def models(chat: CorpusOnDisk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return token_teachers(chat, tmp_path_factory.mktemp("models"), members=3)


@pytest.fixture(scope="module")
def students(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("students")
    for name, member in (("control", "member_1"), ("student", "member_2")):
        shutil.copytree(models / member, folder / name)
    return folder


def likeliest(path: Path, prompt: list[int], most: int, end: int | None, tokens: int) -> list[int]:
    model, answer = load_model(path), list[int]()
    while len(answer) < most:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt + answer])).logits[0, -1, :tokens]
        answer.append(int(logits.argmax()))
        if answer[-1] == end:
            return answer[:-1]
    return answer


def document(
    chat: CorpusOnDisk, examples: TableFile, models: Path, students: Path, **options: Any
) -> dict[str, Any]:
    answers = Answers(**({"rule": "contains", "prompts": 6, "max_tokens": 3} | options))
    return answers_document(examples, chat.encoder, models, CPU, students, answers)


def test_each_model_answers_and_the_rule_decides(
    chat: CorpusOnDisk, models: Path, students: Path, tmp_path: Path
) -> None:
    frame, tokenizer = chat.examples.read(), chat.fitted.tokenizer
    references = {}
    for row in frame.filter(pl.col("split") == "test").iter_rows(named=True):
        prompt = row["tokens"][:-5]
        said = likeliest(students / "student", prompt, 3, tokenizer.end, tokenizer.size)
        references[row["example_id"]] = tokenizer.decode(said).strip() or "nothing"
    column = [[references.get(key)] for key in frame["example_id"]]
    frame = frame.with_columns(pl.Series("references", column, pl.List(pl.String)))
    write_parts([frame], tmp_path)
    evidence = AnswerEvidence.from_json(
        document(chat, TableFile(tmp_path), models, students, prompts=4)
    )
    assert evidence.prompts == 4
    assert evidence.right["student"].value == 1
    assert set(evidence.right) == {"teacher", "control", "student"}
    for one in evidence.shown:
        assert one.right == {
            name: one.reference.lower() in answer.lower() for name, answer in one.answers.items()
        }


def test_answers_are_not_checked_where_there_is_nothing_to_check(
    chat: CorpusOnDisk, models: Path, students: Path, tmp_path: Path
) -> None:
    assert answers_document(chat.examples, chat.encoder, models, CPU, students, None) == {}
    plain = chat.examples.read().drop("learnt", "turn_ends", "references")
    write_parts([plain], tmp_path)
    assert document(chat, TableFile(tmp_path), models, students) == {}


def test_if_no_prompt_can_be_asked_the_error_says_why(
    chat: CorpusOnDisk, models: Path, students: Path
) -> None:
    with pytest.raises(DataError, match=r"too long: \d+.*max_tokens \(500\)"):
        document(chat, chat.examples, models, students, max_tokens=500)
