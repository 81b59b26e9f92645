import io
import re

from rich.console import Console
from support.report_documents import Documents

from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.reporting.end_table import print_end_table


def printed(documents: Documents, width: int, *alarms: str) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    statistics, cost = Evidence.from_json(documents["statistics"]), documents["cost"]
    page = "data/07_reports/report.html"
    print_end_table(documents["metrics"], statistics, cost, alarms, page, console)
    return stream.getvalue()


def test_the_table_fits_eighty_columns_unbroken(documents: Documents) -> None:
    lines = printed(documents, 80).splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line for line in lines if line.strip().startswith(("Teacher", "Student"))]
    assert [line.split("  ")[1].strip() for line in rows] == [
        "Teacher",
        "Student alone",
        "Student, distilled",
    ]
    # The same lines on a wider terminal: nothing was wrapped or cut to fit.
    assert [line.rstrip() for line in lines] == [
        line.rstrip() for line in printed(documents, 200).splitlines()
    ]


def test_a_teacher_of_billions_still_fits(documents: Documents) -> None:
    cost = documents["cost"] | {
        "teacher": {"parameters": 70_553_706_496, "megabytes": 282214.8, "ms_p50": 98765.43}
    }
    stream = io.StringIO()
    console = Console(file=stream, width=80)
    statistics = Evidence.from_json(documents["statistics"])
    print_end_table(documents["metrics"], statistics, cost, (), "report.html", console)
    assert "70,553,706,496" in stream.getvalue()
    assert max(map(len, stream.getvalue().splitlines())) <= 80


def test_numbers_are_aligned_on_the_right(documents: Documents) -> None:
    lines = printed(documents, 80).splitlines()
    rows = [line.rstrip() for line in lines if line.strip().startswith(("Teacher", "Student"))]
    assert len({len(row) for row in rows}) == 1
    assert len({row.index("%") for row in rows}) == 1


def test_the_end_names_the_result_the_amounts_and_the_path_of_the_page(
    documents: Documents,
) -> None:
    text = " ".join(printed(documents, 80).split())
    assert re.search(r"Distillation gained 13.5 points \(\d+.\d to 1\d.\d\)", text)
    assert "Based on one seed and 1,000 test examples." in text
    assert "data/07_reports/report.html" in text


def test_under_an_alarm_there_is_no_verdict_and_the_alarm_stands_first(
    documents: Documents,
) -> None:
    lines = printed(documents, 80, "Alarm: it cannot be. " + "word " * 30).splitlines()
    assert lines[0].startswith("Alarm: it cannot be. word")
    assert max(map(len, lines)) <= 80
    text = " ".join(lines)
    assert "Distillation" not in text
    assert "Based on" not in text
    assert "Student, distilled" in text
    assert "data/07_reports/report.html" in text
