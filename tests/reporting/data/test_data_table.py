import io
from typing import Any

from rich.console import Console
from support.report_documents import CORPUS_REPORT, DATA_REPORT

from stillroom.reporting.data.data_summary import data_summary
from stillroom.reporting.data.data_table import print_data_table


def printed(report: dict[str, Any], *alarms: str, width: int = 80) -> list[str]:
    stream = io.StringIO()
    print_data_table(data_summary(report), alarms, Console(file=stream, width=width))
    return stream.getvalue().splitlines()


def test_it_fits_eighty_columns_unbroken() -> None:
    long = {"path": "very/" * 40, "notices": {"guessed": ["a word " * 40, "another"]}}
    names = {"x" * 300: 1_000_000_000, "[bold]b[/bold]": 2}
    report = DATA_REPORT | long | {"classes": dict.fromkeys(DATA_REPORT["classes"], names)}
    lines = printed(report, "Alarm: " + "so many words " * 20)
    assert max(map(len, lines)) <= 80
    assert any("[bold]b[/bold]" in line for line in lines)  # a name, not markup
    wide = [line.rstrip() for line in printed(report, "Alarm: " + "so many words " * 20, width=200)]
    assert [line.rstrip() for line in lines] == wide


def test_alarms_stand_first_and_numbers_below_their_splits() -> None:
    lines = printed(DATA_REPORT, "Alarm: it cannot be. Do this.")
    assert lines[:2] == ["Alarm: it cannot be. Do this.", ""]
    assert lines[2].startswith("Read       5,000 rows of 2 files")
    rows = {tuple(line.split()) for line in lines}
    assert {("Train", "Validation", "Test"), ("Examples", "3,498", "499", "1,000")} <= rows
    assert ("Class", "7", "35", "50", "100") in rows


def test_running_text_has_its_own_rows() -> None:
    rows = {tuple(line.split()) for line in printed(CORPUS_REPORT)}
    assert {("Documents", "700", "100", "200"), ("Tokens", "8,800", "1,300", "2,600")} <= rows
