import io

from rich.console import Console

from stillroom.reporting.page import Evidence
from stillroom.reporting.summary import print_end_table


def printed(evidence: Evidence, width: int) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    print_end_table(evidence.metrics, evidence.cost, "data/07_reports/report.html", console)
    return stream.getvalue()


def test_the_table_fits_eighty_columns_unbroken(evidence: Evidence) -> None:
    lines = printed(evidence, 80).splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line for line in lines if line.strip().startswith(("teacher", "student"))]
    assert [line.split("  ")[1].strip() for line in rows] == [
        "teacher",
        "student alone",
        "student distilled",
    ]
    # The same lines on a wider terminal: nothing was wrapped or cut to fit.
    assert [line.rstrip() for line in lines] == [
        line.rstrip() for line in printed(evidence, 200).splitlines()
    ]


def test_a_teacher_of_billions_still_fits(evidence: Evidence) -> None:
    cost = evidence.cost | {
        "teacher": {"parameters": 70_553_706_496, "megabytes": 282214.8, "ms_per_image": 98765.43}
    }
    stream = io.StringIO()
    print_end_table(evidence.metrics, cost, "report.html", Console(file=stream, width=80))
    assert "70,553,706,496" in stream.getvalue()
    assert max(map(len, stream.getvalue().splitlines())) <= 80


def test_numbers_are_aligned_on_the_right(evidence: Evidence) -> None:
    lines = printed(evidence, 80).splitlines()
    rows = [line.rstrip() for line in lines if line.strip().startswith(("teacher", "student"))]
    assert len({len(row) for row in rows}) == 1
    assert len({row.index("%") for row in rows}) == 1


def test_the_end_says_that_it_is_one_seed_and_where_the_page_lies(evidence: Evidence) -> None:
    text = printed(evidence, 80)
    assert "Distillation helped in this run. +13.5 points of accuracy" in text
    assert "One seed; run `make bench` for five." in text
    assert "data/07_reports/report.html" in text
