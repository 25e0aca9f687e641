"""axe-core on every page, light and dark: nothing serious or critical.

axe-core comes inside the test dependency axe-playwright-python; nothing of it is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from browsing import until

from classroom_monitor.clock import SteppedClock
from classroom_monitor.store import open_store
from dashboard.app import create_app
from dashboard.made_up import session, store_lecture

SCHEMES = ("light", "dark")
TOKEN = "a-start-token-of-more-than-32-characters"

#: What counts; what axe calls moderate or minor is advice.
BAD = ("serious", "critical")


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    pytest.importorskip("axe_playwright_python")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def found(axe: str) -> Callable[[Any], list[str]]:
    """What axe finds on a page, one line each; the page's own rules against foreign scripts stay in force."""

    def run(page: Any) -> list[str]:
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert len(result["passes"]) > 10  # it has looked
        return [
            f"{each['id']} ({each['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
            for each in result["violations"]
            if each["impact"] in BAD
            for node in each["nodes"]
        ]

    return run


@pytest.fixture
def review_url(serve_pages: Callable[..., str], lecture: Any) -> str:
    """Pages over two stored sessions, without a watcher."""
    clock = SteppedClock()
    store = open_store("sqlite://", clock, lecture.settings.store)
    store_lecture(store, clock, minutes=10)
    store_lecture(store, clock, minutes=10, of=replace(session("second"), title="Statistics II, lecture 8"))
    return serve_pages(create_app(store, lecture.settings, TOKEN))


#: Path, what stands there when it is ready, and what is opened before looking.
REVIEW_PAGES = [
    ("/sessions", ".list", ()),
    ("/sessions", ".list", ("text=Rename",)),
    ("/sessions", ".list", ("text=Delete",)),
    ("/review/lecture", "#take", ("#review-names", "#review-mood-table", "#review-shares-table")),
    ("/student/lecture/1", "#student-chart .trace", ("#review-student-table",)),
    ("/compare?sessions=lecture,second", "#compare-chart .trace", ()),
    ("/settings", "main h1", ()),
    ("/nowhere", "[data-code]", ()),
]

LIVE_PAGES = [
    ("/", "main h1", 1280, ()),
    ("/", "main h1", 360, ()),
    ("/live", "#live-chart .trace", 1280, ()),
    ("/live", "#live-chart .trace", 1280, ("#live-mark",)),
    ("/live", "#live-chart .trace", 360, ()),
    ("/student/lecture/1", "#student-chart .trace", 1280, ()),
    ("/try", "main h1", 1280, ()),
    ("/settings", "main h1", 1280, ()),
]


def settle(page: Any, ready: str, opened: tuple[str, ...]) -> None:
    page.wait_for_selector(ready, state="attached")
    for each in opened:
        page.locator(each).first.click()
    until(page, lambda: page.evaluate("document.title") != "")
    page.wait_for_timeout(500)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_review_pages(scheme: str, review_url: str, open_tab: Any, found: Any) -> None:
    tab = open_tab(review_url, scheme=scheme)
    base = review_url.split("/?", maxsplit=1)[0]
    wrong = {}
    for path, ready, opened in REVIEW_PAGES:
        tab.page.goto(base + path)
        settle(tab.page, ready, opened)
        wrong |= {f"{path} {opened} {line}": 1 for line in found(tab.page)}
    assert list(wrong) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_live_pages(scheme: str, live_url: str, open_tab: Any, found: Any) -> None:
    """Check 41; also that whatever is clicked is 24 px high and wide, but for links within a sentence."""
    base = live_url.split("/?", maxsplit=1)[0]
    tab = open_tab(live_url, scheme=scheme)
    wrong = {}
    for path, ready, width, opened in LIVE_PAGES:
        tab.page.set_viewport_size({"width": width, "height": 800})
        tab.page.goto(base + path)
        settle(tab.page, ready, opened)
        wrong |= {f"{path} {width} {opened} {line}": 1 for line in found(tab.page)}
        wrong |= {f"{path} {width} small {line}": 1 for line in small(tab.page)}
    assert list(wrong) == []


def small(page: Any) -> list[str]:
    """Buttons and fields less than 24 px high or wide."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('button, summary, input:not([type=file]), .btn')]"
        ".filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}))"
        ".map(e => [e, (e.closest('label') || e).getBoundingClientRect()])"
        ".filter(([e, box]) => box.width && Math.min(box.width, box.height) < 24 &&"
        " !e.closest('.mantine-Radio-root, .mantine-Checkbox-root'))"
        ".map(([e, box]) => e.outerHTML.slice(0, 120) + ' ' + box.width + ' x ' + box.height)"
    )
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_empty_store_and_what_is_refused(
    scheme: str, lecture: Any, serve_pages: Callable[..., str], open_tab: Any, found: Any
) -> None:
    store = open_store("sqlite://", SteppedClock(), lecture.settings.store)
    tab = open_tab(serve_pages(create_app(store, lecture.settings, TOKEN)), scheme=scheme)
    settle(tab.page, "[data-code]", ())
    assert found(tab.page) == []
