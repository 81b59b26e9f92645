"""Rendering without a process for each test."""

import pytest
from support.examples.chat_rendering import render_in_this_process


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    render_in_this_process(monkeypatch)
