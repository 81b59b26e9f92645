"""Agreement log: the same answers that agree with fewer labels than before raise an alarm."""

from pathlib import Path

import pytest

from stillroom.assess.agreement_log import FOLDER, warn_where_it_fell
from stillroom.softlabels.capture.promises import Promises
from stillroom.softlabels.verify.verify import Finding

CONTENT = "c" * 64


def findings(*shares: float, labelled: int = 100) -> list[Finding]:
    promises = Promises(repeatable=True, exact=True)
    return [
        Finding(promises, positions=10_000, labelled=labelled, agreement=share) for share in shares
    ]


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return lines


def test_the_same_answers_under_other_labels_are_an_alarm_of_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warn_where_it_fell(tmp_path, CONTENT, findings(0.96, 0.94))
    assert alarms(caplog) == []
    for _ in range(2):  # a second look does not make the fall normal
        warn_where_it_fell(tmp_path, CONTENT, findings(0.44, 0.94))
        (line,) = alarms(caplog)
        assert "teacher 1 agreed with 96.0% of the hard labels before, and agree with 44.0%" in line
    warn_where_it_fell(tmp_path, CONTENT, findings(0.97, 0.94))
    warn_where_it_fell(tmp_path, "d" * 64, findings(0.44, 0.44))  # other answers
    assert alarms(caplog) == []


def test_a_difference_within_three_standard_deviations_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # sqrt(0.9 * 0.1 / 100) = 0.03, so the bound is 0.81.
    warn_where_it_fell(tmp_path, CONTENT, findings(0.9))
    warn_where_it_fell(tmp_path, CONTENT, findings(0.82))
    assert alarms(caplog) == []
    warn_where_it_fell(tmp_path, CONTENT, findings(0.80))
    assert len(alarms(caplog)) == 1
    warn_where_it_fell(tmp_path, CONTENT, findings(0.87, labelled=10_000))
    assert len(alarms(caplog)) == 1


def test_sets_without_labels_and_unreadable_logs_are_no_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warn_where_it_fell(tmp_path, CONTENT, findings(float("nan")))
    assert not (tmp_path / FOLDER).exists()
    warn_where_it_fell(tmp_path, CONTENT, findings(0.9))
    (file,) = (tmp_path / FOLDER).iterdir()
    for content in ("{", '{"shares": []}', '{"shares": ["x"]}', "\0"):
        file.write_text(content)
        warn_where_it_fell(tmp_path, CONTENT, findings(0.1))
    assert alarms(caplog) == []
