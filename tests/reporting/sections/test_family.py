import pytest
from support.evaluation.family_records import kin

from stillroom.errors import DataError
from stillroom.reporting.sections.family import section

FAMILY = [
    kin("teacher", 0.96, 900_000),
    kin("mlp", 0.93, 50_000, alone=0.88),
    kin("tiny<b>", 0.9, 12_000, alone=0.85),
]
# The small one takes as long as the larger one, and is worse.
COST = {"teacher": {"ms_p50": 9.0}, "student": {"ms_p50": 0.5}, "family/tiny<b>": {"ms_p50": 0.5}}


def test_the_smallest_comes_first_with_what_it_is_on_the_front_for() -> None:
    found = section(FAMILY, COST)
    assert found is not None
    assert [row.name for row in found.rows] == ["tiny<b>", "mlp", "Teacher"]
    assert found.rows[0].on_front == "by size"
    assert found.rows[0].quality == "90.0% (89.0% to 91.0%)"
    assert found.rows[0].alone == "85.0%"
    assert found.rows[2].alone == ""
    assert found.rows[1].parameters == "50,000"


def test_quality_is_drawn_over_size_and_over_time() -> None:
    found = section(FAMILY, COST)
    assert found is not None
    size, time = found.figures
    assert 'aria-label="Quality over parameters; on the front: tiny&lt;b>, mlp, teacher"' in size
    assert 'aria-label="Quality over ms for one example; on the front: mlp, teacher"' in time
    assert "<b>" not in size


def test_language_models_are_told_in_nats() -> None:
    found = section([row | {"measure": "nll", "quality": 3.25} for row in FAMILY], COST)
    assert found is not None
    assert found.measure == "nats per token"
    assert found.rows[0].quality.startswith("3.250 (")


def test_a_student_without_kin_has_no_family() -> None:
    assert section([], COST) is None


def test_the_cost_of_other_students_is_refused() -> None:
    other = {name: COST[name] for name in ("teacher", "student")}
    with pytest.raises(DataError, match=r"cost.json lacks 'family/tiny<b>'"):
        section(FAMILY, other)
