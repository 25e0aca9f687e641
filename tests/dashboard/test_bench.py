"""The pages are measured in the browser; no time is asserted, only that what is measured is what it says."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from program import run

from classroom_monitor.settings import load_settings
from dashboard import bench


@pytest.fixture
def one_browser(browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser of the tests, since Playwright drives one at a time."""
    monkeypatch.setattr(bench, "open_browser", lambda: nullcontext(browser))


@pytest.mark.usefixtures("one_browser")
def test_both_pages_are_measured() -> None:
    settings = load_settings()
    settings = replace(settings, dashboard=replace(settings.dashboard, refresh=1.0))
    costs = bench.run_page_bench(settings, students=6, reviewed=300, live=120, openings=1, watched=5)
    assert set(costs) == {"review", "live"}
    for cost in costs.values():
        assert 0 < cost.server_ms_median < cost.first_chart_ms
        assert cost.longest_task_ms >= 0
        assert cost.requests_outside == 0
    assert costs["review"].bytes > costs["live"].bytes > 500  # a whole page, and what has changed


def test_without_a_browser_one_line_says_what_to_do(tmp_path: Path) -> None:
    none = str(tmp_path / "none")
    ended = run(tmp_path, "bench", "--pages", "--json", PATH=none, PLAYWRIGHT_BROWSERS_PATH=none)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "Chromium is not installed" in ended.stderr
    assert "Traceback" not in ended.stderr
