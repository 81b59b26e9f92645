"""Teachers are tried on a few labelled rows before they answer everything."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from support.licences_and_lineage import own_licence

from stillroom.errors import SanityError, SoftLabelError
from stillroom.io.tables import write_table
from stillroom.pipelines.capture.nodes import capture, check_teachers, refer_to_teachers, verify

BEFORE = {"code": "duplicates", "text": "Much is read twice.", "way_out": "Remove it."}


def checked(stage: Any, sanity: Any, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    refs = refer_to_teachers(stage.teachers, "float32", "cpu")
    licence = own_licence(len(refs)).to_json()
    settings = stage.settings()
    return check_teachers(
        stage.examples, stage.made.encoder, refs, licence, before, settings, sanity
    )


def captured(stage: Any, alarms: list[dict[str, Any]], sanity: Any) -> Any:
    refs = refer_to_teachers(stage.teachers, "float32", "cpu")
    licence = own_licence(len(refs)).to_json()
    settings = stage.settings()
    return capture(stage.examples, stage.made.encoder, refs, licence, alarms, settings, sanity)


def shuffle_labels(stage: Any) -> None:
    frame = stage.examples.read()
    write_table(frame.with_columns(label=pl.col("label").shuffle(seed=3)), stage.examples.path)


def test_sound_teachers_are_asked_about_held_out_rows_alone(capture_stage: Any) -> None:
    assert checked(capture_stage, "stop", []) == []
    assert len(capture_stage.inputs) == 2 * (20 + 30)


def test_teachers_of_shuffled_labels_stop_the_stage(capture_stage: Any, caplog: Any) -> None:
    shuffle_labels(capture_stage)
    known = checked(capture_stage, "stop", [])  # the document is written before the stop
    assert [alarm["code"] for alarm in known] == ["teacher_at_chance"] * 2
    assert "Alarm" not in caplog.text  # the error says it
    capture_stage.inputs.clear()
    with pytest.raises(SanityError) as stopped:
        captured(capture_stage, known, "stop")
    assert capture_stage.inputs == []
    lines = str(stopped.value).splitlines()
    assert [line[:19] for line in lines[:2]] == ["Alarm: Teacher 1 of", "Alarm: Teacher 2 of"]


def test_with_a_warning_the_document_has_the_earlier_alarms_too(
    capture_stage: Any, caplog: Any
) -> None:
    shuffle_labels(capture_stage)
    found = checked(capture_stage, "warn", [BEFORE])
    assert [alarm["code"] for alarm in found] == ["duplicates", *["teacher_at_chance"] * 2]
    assert "Alarm: Teacher 1 of 2" in caplog.text
    assert "Much is read twice" not in caplog.text  # ingest printed it


def test_an_alarm_that_was_a_warning_before_stops_now(capture_stage: Any) -> None:
    with pytest.raises(SanityError, match="Much is read twice"):
        checked(capture_stage, "stop", [BEFORE])


def verified(stage: Any, alarms: list[dict[str, Any]], sanity: Any, **settings: Any) -> Any:
    """Return what `verify` returns for a set of the stage's examples."""
    chosen = stage.settings(**settings)
    refs = refer_to_teachers(stage.teachers, "float32", "cpu")
    unverified = stage.capture(chosen)
    examples, encoder = stage.examples, stage.made.encoder
    assert verify(unverified, examples, encoder, refs, alarms, chosen, sanity) is unverified
    return unverified


def test_with_a_warning_teachers_at_chance_go_on_to_the_report(capture_stage: Any) -> None:
    shuffle_labels(capture_stage)
    alarms = checked(capture_stage, "warn", [])
    assert [alarm["teacher"] for alarm in alarms] == [1, 2]
    verified(capture_stage, alarms, "warn")
    verified(capture_stage, alarms[1:], "warn", combine="capture")
    with pytest.raises(SoftLabelError, match="shuffled labels would agree with"):
        verified(capture_stage, alarms, "stop")


@pytest.mark.parametrize(
    ("known", "member"),
    [
        ([], 0),
        ([BEFORE], 0),
        ([BEFORE | {"code": "unknown_tokens", "teacher": 1}], 0),
        ([BEFORE | {"code": "teacher_at_chance", "teacher": 1}], 1),
        ([BEFORE | {"code": "teacher_at_chance", "teacher": 2}], 0),
        ([BEFORE | {"code": "teacher_at_chance"}], 0),
    ],
)
def test_with_a_warning_other_alarms_and_other_teachers_let_no_shuffled_set_pass(
    capture_stage: Any, known: list[dict[str, Any]], member: int
) -> None:
    shuffle_labels(capture_stage)
    with pytest.raises(SoftLabelError, match=f"member {member} agrees with .* shuffled labels"):
        verified(capture_stage, known, "warn")


def test_labels_that_are_moved_by_one_are_refused_in_spite_of_a_teacher_at_chance(
    capture_stage: Any,
) -> None:
    frame = capture_stage.examples.read()
    some = frame["label"].is_not_null()
    moved = np.roll(frame["label"].filter(some).to_numpy(), 1)
    order = np.flatnonzero(some.to_numpy())
    labels = frame["label"].to_list()
    for row, label in zip(order, moved, strict=True):
        labels[row] = int(label)
    turned = frame.with_columns(label=pl.Series(labels, dtype=pl.Int32))
    write_table(turned, capture_stage.examples.path)
    known = [BEFORE | {"code": "teacher_at_chance", "teacher": number} for number in (1, 2)]
    with pytest.raises(SoftLabelError, match=r"in their places, and with .* moved by one position"):
        verified(capture_stage, known, "warn")
