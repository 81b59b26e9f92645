"""Other students: those of the same soft labels are listed and measured like the student."""

import logging
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from support.evaluation.planted_answers import planted_evidence
from support.examples.corpus_examples import small_corpus, token_teachers
from support.examples.image_examples import image_examples, untrained_teachers
from torch.nn import functional

from stillroom.assess.other_students import (
    member_of,
    members_of_run,
    other_students,
    times_of_family,
)
from stillroom.data.encoders import read_encoder
from stillroom.models.forward.fixed_shape import probabilities
from stillroom.models.forward.lm_head import label_logits, masked_labels
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.training.run_provenance import write_provenance

CONTENT = "ab" * 32


def named(folder: Path) -> Path:
    """Rename the models of `untrained_teachers` to a student and its control, two seeds of each."""
    names = ("student", "control", "student_1", "control_1")
    for number, name in enumerate(names):
        (folder / f"member_{number}").rename(folder / name)
    return folder


def test_students_of_other_labels_are_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, content in (("own", CONTENT), ("b", CONTENT), ("a", CONTENT), ("old", "cd" * 32)):
        (tmp_path / name).mkdir()
        write_provenance(tmp_path / name, content, {})
    (tmp_path / "unknown").mkdir()
    (tmp_path / ".gitignore").write_text("/own\n")
    with caplog.at_level(logging.WARNING):
        folders = other_students(tmp_path, "own", CONTENT)
    assert [path.name for path in folders] == ["a", "b"]
    assert [record.message.split()[0] for record in caplog.records] == ["old", "unknown"]


def test_a_classifier_is_as_right_as_its_own_answers_are(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    folder = named(untrained_teachers(made, tmp_path / "tiny", members=4))
    encoder = read_encoder(made.encoder)
    test = made.examples.read().filter((pl.col("split") == "test") & pl.col("label").is_not_null())
    member = member_of(folder, test, encoder)
    inputs, labels = encoder.encode(test), test["label"].to_numpy()

    def accuracy(name: str) -> float:
        answers = probabilities(load_model(folder / name), inputs, 16)
        return float((answers.argmax(axis=1) == labels).mean())

    both = [accuracy("student"), accuracy("student_1")]
    assert member.quality.value == pytest.approx(np.mean(both))
    assert member.quality.low <= member.quality.value <= member.quality.high
    assert member.alone == pytest.approx(np.mean([accuracy("control"), accuracy("control_1")]))
    assert member.parameters == 64 * 32 + 32 + 32 * 3 + 3
    write_provenance(folder, CONTENT, {})
    times = times_of_family(tmp_path, "other", CONTENT, EXACT, test.head(3), encoder)
    assert times.keys() == {"family/tiny"}
    assert times["family/tiny"]["ms_p50"] > 0
    assert member.name == "tiny"


def test_a_language_model_has_the_nll_of_its_tokens(tmp_path: Path) -> None:
    made = small_corpus(tmp_path, count=60)
    folder = named(token_teachers(made, tmp_path / "small", members=4))
    test = made.examples.read().filter(pl.col("split") == "test")
    member = member_of(folder, test, made.fitted)
    inputs = torch.from_numpy(made.fitted.encode(test))
    nll = []
    for name in ("student", "student_1"):
        with torch.no_grad():
            logits = label_logits(load_model(folder / name), inputs)
        nll.append(functional.cross_entropy(logits, masked_labels(inputs)).item())
    assert member.quality.value == pytest.approx(np.mean(nll), rel=1e-4)


def test_of_the_run_itself_what_was_measured_is_taken() -> None:
    cost = {
        "teacher": {"parameters": 900},
        "student": {"parameters": 10},
    }
    evidence = planted_evidence()
    teacher, student = members_of_run("default", evidence, cost)
    assert (teacher.name, student.name) == ("teacher", "default")
    assert student.quality == evidence.accuracy.arms["student"]
    assert student.alone == evidence.accuracy.arms["control"].value
    assert teacher.alone == teacher.quality.value
    assert (student.parameters, teacher.parameters) == (10, 900)
