"""Spending: what a result took is found under its own hash, and under no other."""

from pathlib import Path

from small_project import small, soft_labels, untrained_teachers

from stillroom.assess.cost.energy_log import SPENT, Spent, made, note, noted

TOOK = Spent(joules=120.0, seconds=40.0, is_estimate=True)


def test_what_was_noted_is_found_and_nothing_else(tmp_path: Path) -> None:
    note(tmp_path, "a" * 64, TOOK)
    assert noted(tmp_path, "a" * 64) == TOOK
    assert noted(tmp_path, "b" * 64) is None


def test_a_run_that_found_all_in_the_store_does_not_lower_what_the_first_one_took(
    tmp_path: Path,
) -> None:
    for joules in (120.0, 0.5):
        note(tmp_path, "a" * 64, Spent(joules=joules, seconds=1.0, is_estimate=True))
    found = noted(tmp_path, "a" * 64)
    assert found is not None
    assert found.joules == 120.0


def test_a_damaged_note_is_not_known(tmp_path: Path) -> None:
    note(tmp_path, "a" * 64, TOOK)
    (file,) = (tmp_path / SPENT).iterdir()
    for content in ("{", '{"joules": -1, "seconds": 0, "is_estimate": true}', "[]"):
        file.write_text(content)
        assert noted(tmp_path, "a" * 64) is None


def test_other_weights_and_other_labels_have_another_hash(tmp_path: Path) -> None:
    examples = small(tmp_path)
    teachers = untrained_teachers(examples, tmp_path / "t")
    before = made(teachers)
    assert made(teachers) == before
    one, other = teachers / "member_0", teachers / "member_1"
    one.rename(teachers / "kept")
    other.rename(one)
    (teachers / "kept").rename(other)
    assert made(teachers) != before
    labels = soft_labels(examples, teachers, tmp_path / "set")
    assert made(labels) == labels.manifest.content
