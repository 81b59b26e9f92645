"""Teachers are tried on a few labelled rows before they answer everything."""

from typing import Any

import polars as pl
import pytest
from support.licences_and_lineage import own_licence

from stillroom.errors import SanityError, SoftLabelError
from stillroom.io.tables import write_table
from stillroom.pipelines.capture.nodes import check_teachers, refer_to_teachers, verify

BEFORE = {"code": "duplicates", "text": "Much is read twice.", "way_out": "Remove it."}


def checked(stage: Any, sanity: Any, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    refs = refer_to_teachers(stage.teachers, "float32", "cpu")
    licence = own_licence(len(refs)).to_json()
    settings = stage.settings()
    return check_teachers(
        stage.examples, stage.made.encoder, refs, licence, before, settings, sanity
    )


def shuffle_labels(stage: Any) -> None:
    frame = stage.examples.read()
    write_table(frame.with_columns(label=pl.col("label").shuffle(seed=3)), stage.examples.path)


def test_sound_teachers_are_asked_about_held_out_rows_alone(capture_stage: Any) -> None:
    assert checked(capture_stage, "stop", []) == []
    assert len(capture_stage.inputs) == 2 * (20 + 30)


def test_teachers_of_shuffled_labels_stop_the_stage(capture_stage: Any) -> None:
    shuffle_labels(capture_stage)
    with pytest.raises(SanityError) as stopped:
        checked(capture_stage, "stop", [])
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


def test_under_an_alarm_a_set_whose_labels_it_does_not_fit_goes_on_to_the_report(
    capture_stage: Any,
) -> None:
    shuffle_labels(capture_stage)
    unverified = capture_stage.capture()
    with pytest.raises(SoftLabelError, match="shuffled labels would agree with"):
        capture_stage.verified(unverified)
    refs = refer_to_teachers(capture_stage.teachers, "float32", "cpu")
    alarms = checked(capture_stage, "warn", [])
    examples, encoder = capture_stage.examples, capture_stage.made.encoder
    settings = capture_stage.settings()
    assert verify(unverified, examples, encoder, refs, alarms, settings) is unverified
