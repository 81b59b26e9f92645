"""Progress shows the amount, the rate and the time left; a log gets a line now and then."""

import pytest

from stillroom.io import progress
from stillroom.io.progress import ticking


def test_a_line_has_count_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 10.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    ticker = progress.Ticker("asking", 4000, "rows", bar=None, done=1000)
    assert ticker.line() == "asking: 1,000 of 4,000 rows, 100 rows/s, 0:30 left"


def test_a_log_gets_a_line_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with ticking("asking", 100, "rows") as ticker:
        for _ in range(100):
            now[0] += 0.2
            ticker.advance()
    lines = capsys.readouterr().err.splitlines()
    assert 3 <= len(lines) <= 4  # in 20 seconds
    assert lines[0].startswith("asking: 2")
    assert ticker.done == 100
