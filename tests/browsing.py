"""Waiting on pages that allow no evaluated script, on which Playwright's own wait_for_function fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def until(page: Any, ready: Callable[[], bool], seconds: float = 20.0) -> None:
    """Waits until something holds; fails after a while."""
    for _ in range(int(seconds * 10)):
        if ready():
            return
        page.wait_for_timeout(100)
    assert ready()
