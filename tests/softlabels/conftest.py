"""A captured set for the tests of this folder."""

from pathlib import Path

import pytest
from support.softlabels.linear_teachers import Captured, capture


@pytest.fixture
def captured(tmp_path: Path) -> Captured:
    """Return a set of two whole members over 25 inputs."""
    return capture(tmp_path / "set")
