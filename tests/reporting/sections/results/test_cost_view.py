import pytest
from support.report_documents import Documents

from stillroom.reporting.sections.results.cost_view import cost_view, duration, ratios


def test_each_cost_that_both_have_is_divided_and_throughput_the_other_way_round() -> None:
    teacher = {"parameters": 100, "ms_p50": 9.0, "per_second_at_32": 50.0, "flops": 0}
    student = {"parameters": 10, "ms_p50": 3.0, "per_second_at_32": 400.0, "flops": 7}
    assert ratios(teacher, student) == [
        ("Parameters", 10.0),
        ("Latency", 3.0),
        ("Time, 32 at once", 8.0),
    ]


def test_the_cache_and_the_run_are_reported_in_suitable_units(documents: Documents) -> None:
    cost = cost_view(documents["cost"])
    assert dict(cost.cache) == {
        "captured": "5,000 answers, 10.4 s of teacher time",
        "stored": "402 kB, 80.4 bytes per answer",
        "read by students": "104,940 answers, over all epochs and seeds",
        "without the cache": "3.6 min of teacher time",
    }
    assert dict(cost.run) == {
        "training the teachers": "0.31 Wh in 41.2 s",
        "capturing new answers": "0.05 Wh in 6.8 s",
        "training the students": "0.22 Wh in 29.9 s",
        "total": "0.58 Wh, an estimate",
    }
    assert "Parameters 82.2 times" in cost.figure  # 4,193,130 / 51,002


@pytest.mark.parametrize(("p95", "is_reported"), [(0.62, False), (0.92, False), (0.95, True)])
def test_times_of_a_busy_machine_are_doubted(
    documents: Documents, p95: float, is_reported: bool
) -> None:
    student = documents["cost"]["student"] | {"ms_p95": p95}  # the median is 0.3098
    assert bool(cost_view(documents["cost"] | {"student": student}).doubt) == is_reported
    assert cost_view(documents["cost"]).doubt == ""


def test_of_a_run_elsewhere_nothing_is_known(documents: Documents) -> None:
    elsewhere = {name: numbers for name, numbers in documents["cost"].items() if name != "run"}
    assert cost_view(elsewhere).run == ()


def test_a_live_teacher_was_read_by_nobody(documents: Documents) -> None:
    cache = documents["cost"]["cache"] | {"read": 0, "live_seconds": 0.0}
    lines = dict(cost_view(documents["cost"] | {"cache": cache}).cache)
    assert lines["read by students"] == "none: the teachers ran beside the students"
    assert "without the cache" not in lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0123, "0.0123 s"), (59, "59 s"), (90, "1.5 min"), (5400, "1.5 h"), (7.2e6, "2,000.0 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
