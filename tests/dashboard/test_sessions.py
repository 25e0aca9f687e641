"""The list of sessions: search, rename, delete for good, compare, and the page before the first one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import until

from classroom_monitor.clock import SteppedClock
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard import review_wording as words
from dashboard.app import create_app
from dashboard.context import Context
from dashboard.made_up import START, session, store_lecture
from dashboard.pages import sessions

TOKEN = "a-start-token-of-more-than-32-characters"
SETTINGS = load_settings()


@pytest.fixture
def store() -> Store:
    clock = SteppedClock()
    made = open_store("sqlite://", clock, SETTINGS.store)
    for day, title in enumerate(("Algebra, rings", "Geometry", "<b>Markup</b>")):
        made_session = session(f"s{day}", title, START + timedelta(days=day))
        store_lecture(made, clock, minutes=1, of=dataclasses.replace(made_session, course="Maths"))
    return made


@pytest.fixture
def url(store: Store, serve_pages: Callable[..., str]) -> str:
    return serve_pages(create_app(store, SETTINGS, TOKEN)).replace("/?", "/sessions?")


def titles(page: Any) -> list[str]:
    found: list[str] = page.locator(".list .named").all_inner_texts()
    return found


def wait_for_titles(page: Any, *wanted: str) -> None:
    until(page, lambda: titles(page) == list(wanted))


def test_sessions_are_listed_newest_first_and_found(url: str, open_tab: Any) -> None:
    page = open_tab(url).page
    page.wait_for_selector(".list")
    wait_for_titles(page, "<b>Markup</b>", "Geometry", "Algebra, rings")
    page.fill("#sessions-search", "algebra maths")
    wait_for_titles(page, "Algebra, rings")
    page.fill("#sessions-search", "nothing of the kind")
    page.wait_for_selector("text=No session matches “nothing of the kind”.")


def test_a_session_is_renamed(url: str, open_tab: Any, store: Store) -> None:
    page = open_tab(url, width=360).page
    page.get_by_role("button", name="Rename: Geometry").click()
    until(page, lambda: page.input_value("#rename-title") == "Geometry")
    page.fill("#rename-title", "Topology")
    page.fill("#rename-course", "Maths II")
    page.click("#rename-save")
    wait_for_titles(page, "<b>Markup</b>", "Topology", "Algebra, rings")
    assert (store.session("s1").title, store.session("s1").course) == ("Topology", "Maths II")


def test_a_session_is_deleted_only_after_a_question(url: str, open_tab: Any, store: Store) -> None:
    page = open_tab(url).page
    page.get_by_role("button", name="Delete: Geometry").click()
    page.wait_for_selector("#delete-cause >> text=Geometry")
    page.click("#delete-cancel")
    page.wait_for_selector("#delete-confirm", state="hidden")
    assert len(store.sessions()) == 3
    page.get_by_role("button", name="Delete: Geometry").click()
    page.click("#delete-confirm")
    wait_for_titles(page, "<b>Markup</b>", "Algebra, rings")
    assert [each.id for each in store.sessions()] == ["s2", "s0"]
    assert page.inner_text("#sessions-said") == words.DELETED.format(title="Geometry")


def test_two_to_four_sessions_are_compared(url: str, open_tab: Any) -> None:
    page = open_tab(url).page
    page.wait_for_selector(".list")
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).check()
    assert page.locator("#sessions-compare a").count() == 0
    boxes.nth(2).check()
    page.wait_for_selector("#sessions-compare a")
    assert page.locator("#sessions-compare a").get_attribute("href") == "/compare?sessions=s2%2Cs0"


def test_what_was_chosen_stays_chosen_while_another_is_searched(url: str, open_tab: Any) -> None:
    page = open_tab(url).page
    page.get_by_label("Choose for compare: Geometry").check()
    page.fill("#sessions-search", "algebra")
    wait_for_titles(page, "Algebra, rings")
    page.get_by_label("Choose for compare: Algebra, rings").check()
    page.wait_for_selector("#sessions-compare a")
    assert page.locator("#sessions-compare a").get_attribute("href") == "/compare?sessions=s1%2Cs0"


def test_a_long_list_shows_the_newest_and_finds_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_ROWS", 2)
    page = str(sessions._list(Context(store, SETTINGS), "", []))
    assert "Geometry" in page
    assert "Algebra" not in page
    assert "newest 2 of 3 sessions" in page
    assert "Algebra" in str(sessions._list(Context(store, SETTINGS), "algebra", []))


def test_a_session_deleted_in_another_tab(url: str, open_tab: Any, store: Store) -> None:
    page = open_tab(url).page
    page.wait_for_selector(".list")
    store.delete_session("s1")
    page.get_by_role("button", name="Rename: Geometry").click()
    page.wait_for_selector("#failed >> text=there is no session 's1'")
    page.get_by_role("button", name="Rename: Algebra, rings").click()
    until(page, lambda: page.input_value("#rename-title") == "Algebra, rings")
    store.delete_session("s0")
    page.fill("#rename-title", "Rings")
    page.click("#rename-save")
    wait_for_titles(page, "<b>Markup</b>")
    assert "there is no session 's0'" in page.inner_text("#sessions-said")


def test_the_running_session_is_not_deleted(
    store: Store, lecture: Any, serve_pages: Any, open_tab: Any
) -> None:
    watcher: Any = lecture.watcher
    base = serve_pages(create_app(lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock))
    page = open_tab(base.replace("/?", "/sessions?")).page
    page.wait_for_selector("text=runs now")
    page.get_by_role("button", name="Delete:").click()
    page.wait_for_selector(f"#delete-cause >> text={words.STOP_FIRST}")
    assert page.locator("#delete-confirm").is_disabled()
    assert [each.id for each in lecture.store.sessions()] == ["lecture"]


def test_a_repaired_store_is_told(tmp_path: Path) -> None:
    file = tmp_path / "damaged.sqlite"
    file.write_bytes(b"this is no database\n" * 300)
    repaired = open_store(f"sqlite:///{file}", SteppedClock(), SETTINGS.store)
    page = str(sessions.layout(Context(repaired, SETTINGS)))
    assert "The store was damaged" in page
    assert "The store was damaged" not in str(
        sessions.layout(Context(open_store("sqlite://", SteppedClock(), SETTINGS.store), SETTINGS))
    )


def test_before_the_first_session_there_is_a_next_step() -> None:
    empty = Context(open_store("sqlite://", SteppedClock(), SETTINGS.store), SETTINGS)
    page = str(sessions.layout(empty))
    assert "No session yet" in page
    assert "S-01" in page
    assert words.EMPTY_KEPT[1] in page


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_titles_do_nothing_in_the_list_and_in_a_comparison(
    width: int, store: Store, serve_pages: Any, open_tab: Any
) -> None:
    hostile = (
        "<script>window.hit=1</script>",
        "<img src=x onerror=window.hit=1>$\\href{javascript:window.hit=1}{y}$",
        "\u202edesrever 👩\u200d🏫 " + "x" * 10_000,
    )
    for number, title in enumerate(hostile):
        store.rename_session(f"s{number}", title, title)
    base = serve_pages(create_app(store, SETTINGS, TOKEN))
    tab = open_tab(base.replace("/?", "/sessions?"), width=width)
    page = tab.page
    page.wait_for_selector(".list")
    for path, ready in (("/sessions", ".list"), ("/compare?sessions=s0,s1,s2", "#compare-chart .trace")):
        page.goto(base.split("/?")[0] + path)
        page.wait_for_selector(ready, state="attached")
        page.wait_for_selector("text=<script>")
        assert page.evaluate("window.hit") is None
        assert page.locator("a[href^=javascript], img, svg a").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.documentElement.scrollHeight") < 6000  # 10 kB are cut
    assert all(address.startswith((base.split("/?")[0], "data:")) for address in tab.asked)
