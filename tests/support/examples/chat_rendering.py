"""Rendering of conversations without a process of its own; `test_render.py` uses the real one."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from stillroom.data.chat.templates import render
from stillroom.data.chat.templates.template_worker import render_requests


def render_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let templates run here; what goes in and out is still made JSON."""

    def run(_: Callable[..., Any], *arguments: Any, **__: Any) -> Any:
        return json.loads(json.dumps(render_requests(*json.loads(json.dumps(arguments)))))

    monkeypatch.setattr(render, "run_bounded", run)
