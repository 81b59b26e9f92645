"""Teachers that know something, nothing, or the labels of other rows, on real models and rows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.evaluation.token_predictions import Predicted
from support.examples.image_examples import ImageExamples, image_examples, untrained_teachers

from stillroom.assess.sanity.teacher_alarms import teacher_alarms
from stillroom.data.encoders import read_encoder
from stillroom.io.tables import TableFile, write_table
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import EXACT, load_model, save_model
from stillroom.softlabels.capture.promises import Promises
from stillroom.teachers import model_teacher
from stillroom.teachers.stored_teachers import teacher_refs
from stillroom.teachers.teacher import CaptureSettings

HOW = CaptureSettings("none", seed=0, batch_size=16)


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def relabelled(made: ImageExamples, teachers: Path, **orders: int) -> TableFile:
    """Give the rows the teacher's own answers as labels, turned by a number in some splits."""
    frame = made.examples.read()
    answers = logits(
        load_model(teachers / "member_0"), read_encoder(made.encoder).encode(frame), 16
    )
    turned = np.array([orders.get(split, 0) for split in frame["split"]])
    labels = (answers.argmax(axis=1) + turned) % 3
    write_table(frame.with_columns(label=pl.Series(labels.astype(np.int32))), made.examples.path)
    return made.examples


def codes(examples: TableFile, made: ImageExamples, teachers: Path) -> list[str]:
    found = teacher_alarms(examples, read_encoder(made.encoder), teacher_refs(teachers), HOW)
    return [alarm.code for alarm in found]


def test_a_teacher_that_is_always_right_raises_no_alarm(
    made: ImageExamples, tmp_path: Path
) -> None:
    teachers = untrained_teachers(made, tmp_path / "t", members=1)
    assert codes(relabelled(made, teachers), made, teachers) == []


def test_a_teacher_whose_classes_stand_in_another_order_is_below_chance(
    made: ImageExamples, tmp_path: Path
) -> None:
    teachers = untrained_teachers(made, tmp_path / "t", members=1)
    # 30 rows of test, none right: (2 / 3) ** 30 is 5e-6. The 20 rows of validation are too few.
    examples = relabelled(made, teachers, validation=1, test=1)
    (alarm,) = teacher_alarms(examples, read_encoder(made.encoder), teacher_refs(teachers), HOW)
    assert alarm.code == "teacher_below_chance"
    assert alarm.text.startswith(
        "The teacher is right on 0 of 30 labelled rows of test (0.0%), which is fewer than guess"
    )


def test_labels_that_were_shuffled_leave_a_teacher_at_chance(
    made: ImageExamples, tmp_path: Path
) -> None:
    teachers = untrained_teachers(made, tmp_path / "t", members=1)
    frame = relabelled(made, teachers).read()
    write_table(frame.with_columns(label=pl.col("label").shuffle(seed=1)), made.examples.path)
    (alarm,) = teacher_alarms(
        made.examples, read_encoder(made.encoder), teacher_refs(teachers), HOW
    )
    assert alarm.code == "teacher_at_chance"
    assert "of 50 labelled rows of validation and test" in alarm.text
    assert "Compare the labels of train with those of validation and test" in alarm.way_out


def test_each_member_is_judged_alone(made: ImageExamples, tmp_path: Path) -> None:
    teachers = untrained_teachers(made, tmp_path / "t", members=1)
    other = untrained_teachers(made, tmp_path / "u", members=2) / "member_1"
    examples = relabelled(made, teachers)
    model = load_model(other)
    for weights in model.parameters():
        weights.data.zero_()  # the same answer to every image
    save_model(model, read_encoder(made.encoder), teachers / "member_1")
    found = teacher_alarms(examples, read_encoder(made.encoder), teacher_refs(teachers), HOW)
    assert [alarm.code for alarm in found] == ["teacher_at_chance"]
    assert found[0].text.startswith("Teacher 2 of 2 is right on ")
    assert "(p = 1.00, above 0.1)" in found[0].text


def test_a_teacher_that_answers_only_once_is_not_asked(
    made: ImageExamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    teachers = untrained_teachers(made, tmp_path / "t", members=1)
    examples = relabelled(made, teachers, validation=1, test=1)
    real = model_teacher.ModelTeacher.__init__

    def paid(self: Any, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        object.__setattr__(self, "promises", Promises(repeatable=False, exact=False))

    monkeypatch.setattr(model_teacher.ModelTeacher, "__init__", paid)
    assert codes(examples, made, teachers) == []
    assert "is not tried on labelled rows: it answers only once" in caplog.text


def test_too_few_labelled_rows_are_said_and_not_judged(
    made: ImageExamples, tmp_path: Path, caplog: Any
) -> None:
    teachers = untrained_teachers(made, tmp_path / "t", members=1)
    frame = relabelled(made, teachers, validation=1, test=1).read()
    held_out = pl.col("split") != "train"
    some = pl.when(held_out & (pl.int_range(pl.len()) % 2 == 0)).then(None)
    write_table(frame.with_columns(label=some.otherwise(pl.col("label"))), made.examples.path)
    assert codes(made.examples, made, teachers) == []
    assert "The teacher is not judged: only 25 held-out rows have a label." in caplog.text


def test_untrained_language_models_are_worse_than_the_shares_of_the_tokens(
    predicted: Predicted,
) -> None:
    refs = teacher_refs(predicted.teachers[0].parent, EXACT)
    found = teacher_alarms(
        predicted.corpus.examples, predicted.corpus.fitted, refs, replace(HOW, batch_size=8)
    )
    assert [alarm.code for alarm in found] == ["teacher_at_chance"] * 2
    assert "how often each token stands in train alone gives" in found[0].text


def test_a_language_model_that_learnt_a_little_raises_no_alarm(
    predicted: Predicted, tmp_path: Path
) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "member_0").symlink_to(predicted.students["student"])
    refs = teacher_refs(tmp_path / "t", EXACT)
    how = replace(HOW, batch_size=8)
    assert teacher_alarms(predicted.corpus.examples, predicted.corpus.fitted, refs, how) == ()
