"""The main job, on a real screen: a call is watched, the page shows it live, and the review keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest
from program import PATIENCE, browser_page, running
from screen import Screen, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Real calls of 25, 12 and 25 tiles. Each window size is that of the picture: the call is resized in between.
CALLS = ("hackclub_25.png", "ardn_12.jpg", "civictech_25.jpg")

# Every height that is drawn in the chart of the class: its valence, interval and faces seen.
LINE = """() => {
    const chart = document.querySelector('#live-chart .js-plotly-plot');
    return (chart?.calcdata || []).flat().map(point => point.y).filter(Number.isFinite);
}"""


@pytest.fixture
def screen() -> Iterator[Screen]:
    started = Screen()
    yield started
    started.close()


def seen(page: Page) -> tuple[int, int]:
    """What the page says of the faces: (seen, of so many)."""
    counts = re.search(r"(\d+) of (\d+) seen", page.inner_text("main"))
    return (int(counts[1]), int(counts[2])) if counts else (0, 0)


def test_a_call_on_the_screen_is_watched_live_and_reviewed(
    tmp_path: Path, test_data: Path, screen: Screen, browser: Any
) -> None:
    screen.call("Zoom Meeting", [test_data / "galleries" / name for name in CALLS], seconds=6.0)
    arguments = (
        *("start", "--source", "screen", "--window", "Zoom Meeting", "--students-told", "yes"),
        *("--no-browser", "--port", "0", "--rate", "1", "--title", "Lecture on the screen"),
        *("--store", f"sqlite:///{tmp_path / 'sessions.sqlite'}"),
    )
    with (
        running(tmp_path / "home", *arguments, DISPLAY=screen.display) as program,
        browser_page(browser) as page,
    ):
        page.goto(program.url)
        page.goto(urljoin(program.url, "/live"))
        page.get_by_text(re.compile(r"\d+ of \d+ seen")).first.wait_for(timeout=PATIENCE * 1000)

        # Faces are counted: of the first call or of one of the others, never more than there are.
        count, expected = until(lambda: (now := seen(page))[0] >= 5 and now, PATIENCE)  # type: ignore[misc]
        assert count <= expected

        # The line of the class grows and moves from look to look.
        before = until(lambda: page.evaluate(LINE), PATIENCE)
        until(lambda: len(set(page.evaluate(LINE))) > len(set(before)) + 2, PATIENCE)
        assert page.locator("#live-state", has_text="Reading").is_visible()

        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("button", name="Stop and review").click()
        page.wait_for_url(re.compile(r"/review/"))
        page.get_by_text("Lecture on the screen").first.wait_for()
        page.locator("#review-timeline .js-plotly-plot").wait_for()
        session = urlsplit(page.url).path.rsplit("/", 1)[-1]
        assert program.interrupt() == 130
    assert not any("Traceback" in line for line in program.messages)

    review = ("review", "--no-browser", "--port", "0", *arguments[-2:])
    with running(tmp_path / "home", *review) as program, browser_page(browser) as page:
        page.goto(program.url)
        page.goto(urljoin(program.url, f"/review/{session}"))
        page.get_by_text("Lecture on the screen").first.wait_for()
        page.locator("#review-timeline .js-plotly-plot").wait_for()
        assert program.interrupt() == 130
