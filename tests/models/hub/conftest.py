"""A stand-in of the Hub for every test of this folder."""

from collections.abc import Iterator

import pytest
from support.loopback_hub import LoopbackHub, loopback_hub, model_files

from stillroom.models.hub import download_file


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """Return a stand-in with one small model; HF_ENDPOINT names it."""
    with loopback_hub(files=model_files()) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(download_file, "FIRST_WAIT_S", 0.001)
        yield running
