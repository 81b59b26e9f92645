"""The tests of captures do not wait for the disk."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save half of the time. Other tests check the state after a power cut."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
