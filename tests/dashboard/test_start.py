"""The start page: notice, source, thumbnail, told or not, Start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from browsing import until

from classroom_monitor.errors import StoreError
from classroom_monitor.records import SourceChoice, SourceKind, SourceSpec, StartRequest, TileState
from dashboard import wording
from dashboard.app import find_pages, page_at
from dashboard.context import Context
from dashboard.pages import start

from .conftest import Lecture
from .test_live import HOSTILE, texts


@pytest.fixture
def waiting(lecture: Lecture) -> Lecture:
    """No session runs yet."""
    lecture.watcher.session = None
    return lecture


def page_of(
    lecture: Lecture, path: str, search: str = "", *, watched: bool = True, demo: bool = False
) -> Any:
    watcher: Any = lecture.watcher if watched else None
    context = Context(lecture.store, lecture.settings, watcher, demo, lecture.clock)
    return page_at(context, find_pages(), path, search)


def test_a_choice_survives_the_way_to_the_browser_and_back() -> None:
    for spec in (SourceSpec(window="Zoom: Meeting"), SourceSpec(monitor=2)):
        assert start.spec_of(start.code(spec)) == spec


def test_the_notice_comes_first(waiting: Lecture) -> None:
    """Check 35."""
    said = texts(page_of(waiting, "/"))
    assert "5(1)(f)" in said
    assert "Zoom Meeting" not in said


def test_a_running_session_is_shown_at_once_and_the_demo_never_asks(lecture: Lecture) -> None:
    assert "live-head" in str(page_of(lecture, "/"))
    assert "live-picture" in str(page_of(lecture, "/", demo=True))


def test_without_a_watcher_there_is_nothing_to_start(waiting: Lecture) -> None:
    page = page_of(waiting, "/", watched=False)
    assert "sessions-list" in str(page)
    assert "start-go" not in str(page)


def test_without_a_session_the_live_page_leads_to_the_start(waiting: Lecture) -> None:
    """Check 39, the first of its eight states."""
    page = page_of(waiting, "/live")
    assert "S-01" in texts(page)
    assert wording.START_TITLE in texts(page)


def test_an_unknown_address_and_a_deleted_session_have_a_screen(waiting: Lecture) -> None:
    assert "S-12" in texts(page_of(waiting, "/no/such/page"))
    assert "S-12" in texts(page_of(waiting, "/%2e%2e/etc", "?a b=1&layout=x"))
    deleted = page_of(waiting, "/review/deleted")
    assert wording.NO_PAGE.cause in texts(deleted)
    assert "href='/sessions', className='btn large main'" in str(deleted)


def test_a_store_that_does_not_answer_has_a_screen_of_its_own(
    waiting: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_more: object) -> None:
        raise StoreError("the store is locked by another program")

    monkeypatch.setattr(waiting.store, "session", locked)
    monkeypatch.setattr(waiting.store, "sessions", locked)
    page = page_of(waiting, "/review/lecture")
    assert "S-14" in texts(page)
    assert "the store is locked by another program" in texts(page)
    assert wording.RELOAD in texts(page)


def test_the_thumbnail_outlines_the_tiles_in_shares_of_the_picture(waiting: Lecture) -> None:
    """Check 37."""
    found = waiting.watcher.preview(SourceSpec(window="Zoom Meeting"))
    off = replace(found.tiles[1], state=TileState.CAMERA_OFF)
    shown = start.preview(replace(found, tiles=(found.tiles[0], off, *found.tiles[2:])))
    outlines = shown.children[0].children[1:]
    assert len(outlines) == 18
    assert outlines[1].style == {"left": "5.56%", "top": "0.00%", "width": "5.00%", "height": "90.00%"}
    assert outlines[1].className == "found-tile dashed"
    nothing = start.preview(replace(found, tiles=()))
    assert "No tile found here." in texts(nothing)


def test_the_own_tile_is_a_point_in_the_picture_and_nothing_else() -> None:
    assert start.point_of("0.2500 0.5000") == (0.25, 0.5)
    for wrong in (None, "", "me", "2 0.5", "0.1", "nan nan", "0.1 0.2 0.3"):
        assert start.point_of(wrong) is None


def test_a_session_starts_after_notice_source_and_answer(
    waiting: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Checks 35 to 37: an active choice that can be reread, the count confirmed, the answer kept."""
    tab = open_tab(live_url)
    page = tab.page
    page.wait_for_selector("text=Before you use this with people")
    assert page.is_disabled("#start-accept")
    page.get_by_label("I have read this").check()
    page.wait_for_selector("#start-accept:enabled")
    page.click("#start-accept")
    page.wait_for_selector("#start-go")
    assert page.is_disabled("#start-go")

    page.get_by_label("Monitor 1").check()
    page.wait_for_selector("text=The screen is black; allow this program to read it.")
    page.get_by_label("Zoom Meeting").check()
    page.wait_for_selector("text=18 tiles, right?")
    assert page.locator(".found-tile").count() == 18
    until(page, lambda: page.locator(".thumb").nth(0).get_attribute("src").startswith("data:image/jpeg"))
    assert page.is_disabled("#start-go")
    page.get_by_label("Yes", exact=True).check()
    page.wait_for_timeout(500)
    assert page.is_disabled("#start-go")  # the count is not confirmed
    page.get_by_label("18 tiles, right?").check()
    page.fill("#start-title", "Lecture 8")
    page.fill("#start-course", "Statistics")
    page.wait_for_selector("#start-go:enabled")

    page.reload()  # the choice was made once
    page.wait_for_selector("#start-go")
    assert page.locator("text=Before you use this with people").count() == 0
    page.get_by_role("link", name="Read the notice again").click()
    page.wait_for_selector("text=Before you use this with people")
    page.go_back()
    page.wait_for_selector("#start-go")
    page.get_by_label("Zoom Meeting").check()
    page.get_by_label("No", exact=True).check()
    page.fill("#start-title", "Lecture 8")
    page.get_by_label("18 tiles, right?").check()
    page.get_by_label("Tile 7: this is me").click()
    page.wait_for_selector("text=Your own tile is left out.")
    page.get_by_label("Tile 7: this is me").click()
    page.wait_for_selector("text=Which tile is yours?")
    page.get_by_label("Tile 5: this is me").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[aria-label='Tile 5: this is me'][aria-pressed=true]")
    page.wait_for_selector("#start-go:enabled")
    page.click("#start-go")
    page.wait_for_selector("#live-head h1")
    assert waiting.watcher.told == [
        StartRequest(
            SourceSpec(window="Zoom Meeting"), 0.5, title="Lecture 8", students_told=False, own=(0.2472, 0.45)
        )
    ]
    assert all(url.startswith(("http://127.0.0.1", "data:")) for url in tab.asked)


def test_hostile_window_titles_stay_text(
    waiting: Lecture, live_url: str, open_tab: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 20, for the titles of windows."""
    choices = tuple(SourceChoice(SourceSpec(window=title), title) for title in HOSTILE if title.strip())
    monkeypatch.setattr(waiting.watcher, "choices", lambda: choices)
    page = open_tab("about:blank", 320, 640).page
    address = live_url.partition("?")[0]
    page.context.add_cookies([{"name": start.COOKIE, "value": "read", "url": address}])
    page.goto(live_url)
    page.get_by_label("<script>").check()
    page.wait_for_selector("text=18 tiles, right?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.title() != "owned"
    assert page.locator("#start script, #start img[src=x], #start a[href^=javascript]").count() == 0


def test_the_demo_class_needs_no_answer(
    waiting: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    page = open_tab(live_url, 320, 640, "light").page
    page.wait_for_selector("#start-demo")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.click("#start-demo")
    page.wait_for_selector("#live-head h1")
    (request,) = waiting.watcher.told
    assert isinstance(request, StartRequest)
    assert request.source.kind is SourceKind.SYNTHETIC


def test_the_notice_to_students_is_copied_with_one_click(
    waiting: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Check 36."""
    page = open_tab(live_url).page
    address = live_url.partition("?")[0]
    page.context.add_cookies([{"name": start.COOKIE, "value": "read", "url": address}])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.reload()
    page.get_by_role("button", name="Copy the notice for students").click()
    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("In this session I use a program on my own computer")
    assert "30 days" in copied
