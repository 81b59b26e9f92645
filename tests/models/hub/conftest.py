"""A stand-in of the Hub for every test of this folder."""

from collections.abc import Iterator

import pytest
from support.loopback_hub import LoopbackHub, hub_of_this_process


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """Return a stand-in of the Hub for this process."""
    with hub_of_this_process(monkeypatch) as running:
        yield running
