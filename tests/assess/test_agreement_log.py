"""Agreement log: a warning if the same answers agree with fewer labels than before."""

from hashlib import sha256
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


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return lines


def test_the_same_answers_under_other_labels_are_a_warning_of_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warn_where_it_fell(tmp_path, CONTENT, findings(0.96, 0.94))
    assert warnings(caplog) == []
    for _ in range(2):  # a second look does not make the fall normal
        warn_where_it_fell(tmp_path, CONTENT, findings(0.44, 0.94))
        (line,) = warnings(caplog)
        assert "teacher 1 agreed with 96.0% of 100 hard labels before, and agree with 44.0%" in line
        assert "The run goes on" in line
        assert "ALARM" not in line.upper()  # an alarm would stop the run
    warn_where_it_fell(tmp_path, CONTENT, findings(0.97, 0.94))
    warn_where_it_fell(tmp_path, "d" * 64, findings(0.44, 0.44))  # other answers
    assert warnings(caplog) == []


def is_warned(root: Path, caplog: pytest.LogCaptureFixture, *seen: tuple[int, int]) -> bool:
    """Return whether the last of some agreements, each (right, labelled), is warned of."""
    content = sha256(repr(seen).encode()).hexdigest()
    for right, labelled in seen:
        caplog.clear()
        warn_where_it_fell(root, content, findings(right / labelled, labelled=labelled))
    return bool(warnings(caplog))


@pytest.mark.parametrize(
    ("before", "now", "falls"),
    [
        # Pooled with one right and one wrong more: p = 153 / 202, error sqrt(p q / 50) = 0.0606.
        ((85, 100), (67, 100), False),  # 0.18 apart; three errors are 0.182
        ((86, 100), (66, 100), True),  # 0.20
        # All of few labels: only data.labels_per_class was raised.
        ((40, 40), (9_990, 10_000), False),
        ((40, 40), (9_000, 10_000), False),  # p = 9041 / 10042, error 0.0475, 0.1 apart
        ((40, 40), (8_000, 10_000), True),  # error 0.0632, 0.2 apart
        ((9_990, 10_000), (9_500, 10_000), True),
        ((9_990, 10_000), (38, 40), True),  # p = 10029 / 10042, error 0.0057
        ((1_000, 1_000), (995, 1_000), False),  # error 0.0025
        ((1, 1), (0, 1), False),
    ],
)
def test_a_difference_counts_from_three_deviations_of_both_shares_on(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    before: tuple[int, int],
    now: tuple[int, int],
    falls: bool,
) -> None:
    assert is_warned(tmp_path, caplog, before, now) == falls


def test_what_later_ones_are_compared_with_does_not_creep_upwards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # 80 -> 66 of 100 is within three deviations (0.189), 88 -> 66 is not (0.179).
    assert not is_warned(tmp_path, caplog, (80, 100), (88, 100), (66, 100))
    assert is_warned(tmp_path, caplog, (88, 100), (66, 100))
    # A clear rise replaces the first, and so do more labels.
    assert is_warned(tmp_path, caplog, (44, 100), (96, 100), (44, 100))
    assert is_warned(tmp_path, caplog, (40, 40), (9_990, 10_000), (9_500, 10_000))


def test_sets_without_labels_and_unreadable_logs_are_no_alarm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warn_where_it_fell(tmp_path, CONTENT, findings(float("nan")))
    assert not (tmp_path / FOLDER).exists()
    warn_where_it_fell(tmp_path, CONTENT, findings(0.9))
    (file,) = (tmp_path / FOLDER).iterdir()
    for content in ("{", "[]", '{"shares": [0.9]}', '[{"share": 2.0, "labelled": 9}]', "\0"):
        file.write_text(content)
        warn_where_it_fell(tmp_path, CONTENT, findings(0.1))
    assert warnings(caplog) == []
