"""Several processes: a worker's own message is the last one, and its exit code is passed on."""

import subprocess
import sys
from pathlib import Path

import pytest

FAIL = """
import sys
print("what went wrong", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize("code", [0, 3])
def test_only_the_worker_reports_a_failure(tmp_path: Path, code: int) -> None:
    (tmp_path / "fail.py").write_text(FAIL)
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "stillroom.training.process.torchrun"),
            *("--standalone", "--nproc-per-node=1", str(tmp_path / "fail.py"), str(code)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code
    assert ended.stderr.splitlines() == ["what went wrong"]
