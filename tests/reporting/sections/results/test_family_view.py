import pytest
from support.evaluation.family_records import kin

from stillroom.errors import DataError
from stillroom.reporting.sections.results.family import SECTION
from stillroom.reporting.sections.results.family_view import family_view

FAMILY = [
    kin("teacher", 0.96, 900_000),
    kin("mlp", 0.93, 50_000, alone=0.88),
    kin("tiny<b>", 0.9, 12_000, alone=0.85),
]
# The small model takes as long as the larger one and is worse.
COST = {"teacher": {"ms_p50": 9.0}, "student": {"ms_p50": 0.5}, "family/tiny<b>": {"ms_p50": 0.5}}


def test_the_smallest_comes_first_with_what_it_is_on_the_front_for() -> None:
    table = family_view(FAMILY, COST)
    assert [row.name for row in table.rows] == ["tiny<b>", "mlp", "Teacher"]
    assert table.rows[0].on_front == "by size"
    assert table.rows[0].quality == "90.0% (89.0% to 91.0%)"
    assert table.rows[0].alone == "85.0%"
    assert table.rows[2].alone == ""
    assert table.rows[1].parameters == "50,000"


def test_quality_is_drawn_over_size_and_over_time() -> None:
    table = family_view(FAMILY, COST)
    size, time = table.figures
    assert 'aria-label="Quality over parameters; on the front: tiny&lt;b>, mlp, teacher"' in size
    assert 'aria-label="Quality over ms for one example; on the front: mlp, teacher"' in time
    assert "<b>" not in size


def test_language_models_are_told_in_nats() -> None:
    table = family_view([row | {"measure": "nll", "quality": 3.25} for row in FAMILY], COST)
    assert table.measure == "nats per token"
    assert table.rows[0].quality.startswith("3.250 (")


def test_a_student_without_kin_has_no_family() -> None:
    assert SECTION.build(family=[], cost=COST) is None


def test_the_cost_of_other_students_is_refused() -> None:
    other = {name: COST[name] for name in ("teacher", "student")}
    with pytest.raises(DataError, match=r"cost.json lacks 'family/tiny<b>'"):
        family_view(FAMILY, other)
