"""The review page in a browser: moments, zoom, tables, names, marks, downloads."""

from __future__ import annotations

import base64
import io
import re
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import until

from classroom_monitor import export
from classroom_monitor.clock import SteppedClock
from classroom_monitor.records import Answer, Hint, HintKind, Marker, MarkerKind
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard import downloads, review_figures, theme, wording
from dashboard import review_wording as words
from dashboard.app import create_app
from dashboard.context import Context
from dashboard.made_up import NAMES, look, session, store_lecture
from dashboard.pages import review
from dashboard.serving import serve
from dashboard.summary import read_lecture

TOKEN = "a-start-token-of-more-than-32-characters"
SETTINGS = load_settings()
TIMELINE = "#review-timeline .js-plotly-plot"

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<a href='javascript:window.hit=1'>click</a>",
    "$\\href{javascript:window.hit=1}{y}$",
    "{{7*7}}",
    "\u202edesrever",
    "x" * 10_000,
    "👩\u200d🏫🎓",
    "فاطمة",
    "A very long name that nobody has ever had in any class at all",
)


@pytest.fixture
def store() -> Store:
    clock = SteppedClock()
    made = open_store("sqlite://", clock, SETTINGS.store)
    store_lecture(made, clock, minutes=30)
    return made


@pytest.fixture
def url(store: Store, serve_pages: Callable[..., str]) -> str:
    return serve_pages(create_app(store, SETTINGS, TOKEN)).replace("/?", "/review/lecture?")


def shown(page: Any, chart: str = TIMELINE) -> list[float]:
    """The range of the time axis as it is drawn."""
    found: list[float] = page.evaluate(f"document.querySelector('{chart}').layout.xaxis.range")
    return [round(each) for each in found]


def wait_for_chart(page: Any) -> None:
    page.wait_for_selector(f"{TIMELINE} .scatterlayer .trace")
    page.wait_for_selector("#review-lanes .js-plotly-plot .scatterlayer .trace")
    until(page, lambda: len(page.input_value("#review-from")) == 5)
    page.wait_for_selector("#take", state="attached")


def wait_for_range(page: Any, wanted: Callable[[list[float]], bool]) -> list[float]:
    until(page, lambda: wanted(shown(page)) and shown(page, "#review-lanes .js-plotly-plot") == shown(page))
    return shown(page)


def test_the_page_opens_with_a_sentence_and_moments_that_move_the_timeline(
    url: str, open_tab: Any, store: Store
) -> None:
    """Check 22."""
    page = open_tab(url).page
    wait_for_chart(page)
    lecture = read_lecture(store, "lecture")
    assert page.inner_text("h1") == words.headline(lecture)
    first = page.locator("main > *").nth(0).evaluate("each => each.tagName")
    assert first == "H1"
    assert 3 <= page.locator(".moment").count() <= 5
    whole = shown(page)
    page.locator(".moment").nth(1).focus()
    page.keyboard.press("Enter")
    moved = wait_for_range(page, lambda now: now != whole)
    assert moved[0] < lecture.moments[1].seconds < moved[1]


def test_the_axis_moves_by_buttons_keys_boxes_and_mouse_and_back_returns(url: str, open_tab: Any) -> None:
    """Check 25."""
    page = open_tab(url).page
    wait_for_chart(page)
    whole = shown(page)
    page.click("[data-zoom=in]")
    half = wait_for_range(page, lambda now: now[1] - now[0] < 0.6 * (whole[1] - whole[0]))
    page.click("[data-zoom=right]")
    wait_for_range(page, lambda now: now[0] > half[0])
    page.focus(".chart")
    page.keyboard.press("Home")
    wait_for_range(page, lambda now: now == whole)
    page.keyboard.press("+")
    wait_for_range(page, lambda now: now == half)
    page.click("[data-zoom=all]")
    wait_for_range(page, lambda now: now == whole)
    page.fill("#review-from", "nonsense")
    page.press("#review-from", "Enter")
    until(page, lambda: page.input_value("#review-from") != "nonsense")
    assert shown(page) == whole
    start = page.input_value("#review-from")
    later = f"{start[:3]}{int(start[3:]) + 10:02d}"
    page.fill("#review-from", later)
    page.press("#review-from", "Enter")
    wait_for_range(page, lambda now: now[0] == 600)
    page.locator("#review-timeline").scroll_into_view_if_needed()
    box = page.locator("#review-timeline .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
    page.mouse.up()
    drawn = wait_for_range(page, lambda now: now[0] > 600)
    page.locator("#review-view .strip").first.click()
    page.wait_for_selector("#student-name")
    page.go_back()
    wait_for_chart(page)
    assert shown(page) == drawn


def test_every_chart_has_a_table_by_keyboard(url: str, open_tab: Any) -> None:
    """Check 26."""
    page = open_tab(url).page
    wait_for_chart(page)
    for part in ("mood", "shares"):
        button = page.locator(f"#review-{part}-table")
        assert button.get_attribute("aria-expanded") == "false"
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#review-{part}-numbers table")
        assert page.locator(f"#review-{part}-numbers tbody tr").count() >= 29
        assert button.get_attribute("aria-expanded") == "true"
    for chart in page.locator(".chart").all():
        assert len(chart.get_attribute("aria-label")) > 20


def test_names_are_hidden_until_they_are_asked_for(url: str, open_tab: Any) -> None:
    page = open_tab(url).page
    wait_for_chart(page)
    assert not [name for name in NAMES if len(name) > 2 and name in page.content()]
    page.click("#review-names")
    page.wait_for_selector("text=Дмитрий")
    assert page.inner_text("#review-names") == words.HIDE_NAMES
    page.click("#review-names")
    page.wait_for_selector("#review-view >> text=Student 04")
    assert "Дмитрий" not in page.content()


def test_hostile_names_notes_and_titles_do_nothing(store: Store, serve_pages: Any, open_tab: Any) -> None:
    for number, name in enumerate(HOSTILE, 1):
        store.name_student("lecture", number, name)
        store.add_marker("lecture", Marker(number * 150.0, MarkerKind.OTHER, name))
    store.rename_session("lecture", HOSTILE[0] + "y" * 10_000, HOSTILE[1])
    base = serve_pages(create_app(store, SETTINGS, TOKEN))
    tab = open_tab(base.replace("/?", "/review/lecture?"), width=360)
    page = tab.page
    wait_for_chart(page)
    page.click("#review-names")
    page.wait_for_selector("text=<script>window.hit=1</script>")
    assert page.evaluate("window.hit") is None
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.locator("img").count() == 0
    assert page.locator("svg a").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(base.split("/?")[0] + "/student/lecture/1")
    page.wait_for_selector("#student-chart .js-plotly-plot .scatterlayer .trace")
    page.click("#student-show")
    page.wait_for_selector("h1 >> text=<script>")
    assert page.evaluate("window.hit") is None
    assert all(address.startswith(base.split("/?")[0]) for address in tab.asked)


def test_marks_are_added_changed_and_deleted(url: str, open_tab: Any, store: Store) -> None:
    """Check 23: the table of marks and turns."""
    page = open_tab(url).page
    wait_for_chart(page)
    length = page.locator("#mark-list tbody tr").count()
    page.fill("#mark-time", "03:33")
    page.click("#mark-save")
    page.wait_for_selector("#mark-wrong >> text=Give a time within the session")
    assert len(store.markers("lecture")) == length
    clock = words.clock(read_lecture(store, "lecture"), 420)
    page.fill("#mark-time", clock)
    page.fill("#mark-text", "Second proof")
    page.click("#mark-save")
    page.wait_for_selector("#mark-list >> text=Second proof")
    added = next(mark for mark in store.markers("lecture") if mark.text == "Second proof")
    assert added.kind is MarkerKind.OTHER
    assert added.seconds == pytest.approx(420, abs=60)
    row = page.locator("#mark-list tr", has_text="Second proof")
    row.get_by_role("button", name="Edit").click()
    until(page, lambda: page.input_value("#mark-text") == "Second proof")
    page.fill("#mark-text", "Third proof")
    page.click("#mark-save")
    page.wait_for_selector("#mark-list >> text=Third proof")
    assert page.locator("#mark-list tbody tr").count() == length + 1
    changed = next(mark for mark in store.markers("lecture") if mark.text == "Third proof")
    assert (changed.number, changed.seconds) == (added.number, added.seconds)
    for what in ("Third proof", "Dimmed briefly"):
        page.locator("#mark-list tr", has_text=what).get_by_role("button", name="Delete").click()
        page.wait_for_selector(f"#mark-list >> text={what}", state="detached")
    assert len(store.markers("lecture")) == length - 1
    assert page.locator(".moment", has_text="Dimmed briefly").count() == 0


def test_a_narrow_dark_page_does_not_scroll_sideways(url: str, open_tab: Any) -> None:
    page = open_tab(url, width=320).page
    wait_for_chart(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"


def test_downloads_are_the_export_and_keep_names_out(store: Store) -> None:
    """Check 33: on the page too, names go out only where they are ticked."""
    client = create_app(store, SETTINGS, TOKEN).server.test_client()
    client.get(f"/?token={TOKEN}")
    for kind in ("csv", "parquet"):
        answer = client.get(f"/download/lecture/{kind}")
        files = zipfile.ZipFile(io.BytesIO(answer.data))
        names = {f"{name}.{kind}" for name in ("class", "students", "flags", "markers")} | {"session.json"}
        assert set(files.namelist()) == names
        assert "statistics-ii-lecture-7" in answer.headers["Content-Disposition"]
    plain = (
        zipfile.ZipFile(io.BytesIO(client.get("/download/lecture/csv").data)).read("students.csv").decode()
    )
    named = (
        zipfile.ZipFile(io.BytesIO(client.get("/download/lecture/csv?names=1").data))
        .read("students.csv")
        .decode()
    )
    assert "Дмитрий" not in plain
    assert "Дмитрий" in named
    report = client.get("/download/lecture/html")
    assert report.headers["Content-Disposition"].startswith("attachment")
    assert b"<svg" in report.data
    assert client.get("/download/nowhere/csv").status_code == 404
    assert client.get("/download/lecture/exe").status_code == 404
    stranger = create_app(store, SETTINGS, TOKEN).server.test_client()
    assert stranger.get("/download/lecture/csv").status_code == 403


def test_a_file_in_the_making_says_how_far_it_is_and_stops_at_a_click(
    url: str, open_tab: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_tab(url).page
    wait_for_chart(page)
    assert not page.is_visible("#take-work")
    with page.expect_download() as saved:
        page.click("text=CSV")
    assert saved.value.suggested_filename == "statistics-ii-lecture-7-csv.zip"
    with zipfile.ZipFile(saved.value.path()) as files:
        assert files.testzip() is None
        assert files.read("class.csv").startswith(b"time_utc")
    page.wait_for_selector(f"#take-work >> text={words.MADE}")
    assert not page.is_visible("#take-stop")

    begun, go_on, ended = threading.Semaphore(0), threading.Semaphore(0), threading.Event()
    real_table, real_write = export.students_table, export.write_export

    def one_by_one(*arguments: Any) -> Any:
        begun.release()
        assert go_on.acquire(timeout=20)
        return real_table(*arguments)

    def watched(*arguments: Any) -> Any:
        try:
            yield from real_write(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr(export, "PART_LOOKS", 40)  # nine parts
    monkeypatch.setattr(export, "students_table", one_by_one)
    monkeypatch.setattr(downloads, "write_export", watched)
    page.click("text=Parquet")
    for _ in range(3):
        assert begun.acquire(timeout=20)
        go_on.release()
    until(page, lambda: page.inner_text("[data-share]") == "33 %")
    assert page.evaluate("document.querySelector('#take-work progress').value") == pytest.approx(0.33)
    page.focus("#take-stop")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#take-work >> text={words.STOPPED_MAKING}")
    page.wait_for_timeout(500)  # until the server has seen the browser hang up
    assert begun.acquire(timeout=20)
    go_on.release()  # the part under way is the last
    assert ended.wait(20)
    assert not begun.acquire(blocking=False)


def test_figures_are_valid_in_both_schemes_and_keep_gaps(store: Store) -> None:
    import plotly.graph_objects as go

    lecture = read_lecture(store, "lecture")
    for colours in theme.PALETTES:
        for compact in (False, True):
            timeline = review_figures.timeline(lecture, colours, compact, (0, lecture.length))
            go.Figure(timeline)
            go.Figure(review_figures.lanes(lecture, colours, compact, (0, lecture.length)))
            ribbons = [trace for trace in timeline["data"] if "fillgradient" in trace]
            assert len(ribbons) == 2  # before and after the stretch without looks
            shapes = [shape for shape in timeline["layout"]["shapes"] if shape["type"] == "path"]
            assert len(shapes) == 3  # one pennant a mark of the teacher
            words_at_foot = {note["text"] for note in timeline["layout"]["annotations"]}
            assert "Attendance" in words_at_foot


def test_marks_and_turns_differ_in_shape_and_the_strip_shares_the_axis(store: Store) -> None:
    """Checks 23 and 24."""
    lecture = read_lecture(store, "lecture")
    figure = review_figures.timeline(lecture, theme.LIGHT, False, (0, lecture.length))
    layout = figure["layout"]
    signs = [trace for trace in figure["data"] if trace.get("mode") == "markers"]
    turns = [each.seconds for each in lecture.markers if each.kind is MarkerKind.TURN]
    assert [(each["marker"]["symbol"], each["x"]) for each in signs] == [
        ("diamond", [round(at) for at in turns])
    ]
    pennants = [shape["xanchor"] for shape in layout["shapes"] if shape["type"] == "path"]
    assert pennants == [each.seconds for each in lecture.markers if each.kind is not MarkerKind.TURN]
    strip = [trace for trace in figure["data"] if trace.get("yaxis") == "y2"]
    assert strip
    assert all("xaxis" not in trace for trace in figure["data"])  # one time axis for all
    assert layout["yaxis2"]["domain"][1] < layout["yaxis"]["domain"][0]
    seen = strip[0]["y"]
    assert np.frombuffer(base64.b64decode(seen["bdata"]), seen["dtype"])[0] == lecture.series.seen[0]


def test_the_tables_hold_the_numbers_of_the_charts(store: Store) -> None:
    """Check 26: by minute, and minutes without looks say so."""
    lecture = read_lecture(store, "lecture")
    looks = store.class_looks("lecture")
    second = looks[(looks["seconds"] >= 60) & (looks["seconds"] < 120)]
    mood, shares = (
        re.findall("Td\\((.*?)\\)", str(make(lecture))) for make in (review.mood_table, review.shares_table)
    )
    assert mood[9].strip("'") == words.signed(float(second["valence"].mean()))
    expected = [wording.percent(float(second[f"share_{name}"].mean())) for name in wording.LOOK_ORDER]
    assert [each.strip("'") for each in shares[11:18]] == expected
    store.begin(session("gap"))
    for seconds in (0.0, 5.0, 300.0):
        store.add_look("gap", look(seconds))
    store.flush()
    assert f"'{words.GAP_WORD}'" in str(review.mood_table(read_lecture(store, "gap")))


def test_notes_of_marks_are_shown_where_they_have_room(store: Store, serve_pages: Any, open_tab: Any) -> None:
    for number in range(1, 5):
        store.add_marker("lecture", Marker(1000.0 + number, MarkerKind.OTHER, f"Close together {number}"))
    url = serve_pages(create_app(store, SETTINGS, TOKEN)).replace("/?", "/review/lecture?")
    page = open_tab(url).page
    wait_for_chart(page)
    notes = page.locator("#review-timeline .annotation >> visible=true")
    assert notes.filter(has_text="Bayes proof").count() == 1
    assert notes.filter(has_text="Close together").count() == 0
    assert notes.filter(has_text=words.NOTHING_READ).count() == 1
    page.focus("#timeline .chart")
    page.keyboard.press("+")
    until(page, lambda: notes.filter(has_text="Attendance").count() == 0)  # no longer in sight
    page.keyboard.press("Home")
    until(page, lambda: notes.filter(has_text="Attendance").count() == 1)


def test_lanes_can_be_told_apart_without_hue(store: Store) -> None:
    """Check 27: in a grey print too, by dash and by label; the page says what a label is."""
    assert wording.LABELS_NOTE in str(review.layout(Context(store, SETTINGS), "lecture"))
    lecture = read_lecture(store, "lecture")
    figure = review_figures.lanes(lecture, theme.LIGHT, False, (0, lecture.length))
    dashes = {trace["yaxis"]: trace["line"]["dash"] for trace in figure["data"] if "fill" in trace}
    assert len(dashes) == len(set(dashes.values())) == 7
    labels = {note["text"] for note in figure["layout"]["annotations"]}
    assert {"happy", "surprised", "neutral", "sad", "angry", "fearful", "disgusted"} <= labels


def test_lanes_without_a_share_are_drawn_empty(store: Store) -> None:
    clock = SteppedClock()
    store_lecture(store, clock, minutes=5, students=2, of=session("few"))
    lecture = read_lecture(store, "few")
    figure = review_figures.lanes(lecture, theme.LIGHT, False, (0, lecture.length))
    lanes = {trace["yaxis"] for trace in figure["data"] if trace.get("hovertemplate") is None}
    assert lanes == {"y", *(f"y{number}" for number in range(2, 8))}
    assert words.shares_sentence(lecture) == "Too few faces to say."


def test_ticks_are_round_and_few() -> None:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, SETTINGS.store)
    store_lecture(store, clock, minutes=10)
    lecture = read_lecture(store, "lecture")
    for end in (60.0, 600.0, 5400.0, 40_000.0):
        at, texts = review_figures.ticks(lecture, 0, end, 10)
        assert 1 <= len(at) <= 11
        assert all(each % 60 == 0 for each in at)
        assert texts[0] == f"{words.clock(lecture, 0)}<br>0 min"


def test_sessions_without_looks_or_students_have_a_page(store: Store) -> None:
    import dataclasses

    context = Context(store, SETTINGS)
    store.begin(session("empty"))
    assert wording.NO_LOOKS.title in str(review.layout(context, "empty"))
    clock = SteppedClock()
    store_lecture(store, clock, minutes=5, of=dataclasses.replace(session("class"), class_only=True))
    assert words.NO_STUDENTS in str(review.below(read_lecture(store, "class")))
    assert "review-names" not in str(review.layout(context, "class"))


def test_a_session_deleted_while_its_page_is_open(url: str, open_tab: Any, store: Store) -> None:
    page = open_tab(url).page
    wait_for_chart(page)
    store.delete_session("lecture")
    page.click("[data-zoom=in]")  # what is drawn can still be looked at
    wait_for_range(page, lambda now: now[0] > 0)
    page.click("#review-mood-table")
    page.wait_for_selector("#failed >> text=there is no session 'lecture'")
    page.reload()
    page.wait_for_selector("[data-code=S-12]")


def test_two_tabs_change_the_same_marks(url: str, open_tab: Any, store: Store) -> None:
    one, two = open_tab(url).page, open_tab(url).page
    for page in (one, two):
        wait_for_chart(page)
    for page in (one, two):  # the second finds it gone, and says nothing of it
        page.locator("#mark-list tr", has_text="Attendance").get_by_role("button", name="Delete").click()
        page.wait_for_selector("#mark-list >> text=Attendance", state="detached")
        assert page.inner_text("#failed") == ""
    two.locator("#mark-list tr", has_text="Exercise 3").get_by_role("button", name="Edit").click()
    until(two, lambda: two.input_value("#mark-text") == "Exercise 3")
    number = next(mark.number for mark in store.markers("lecture") if mark.text == "Exercise 3")
    store.delete_marker("lecture", number)
    two.fill("#mark-text", "Exercise 4")
    two.click("#mark-save")
    two.wait_for_selector("#mark-list >> text=Exercise 4")  # what was typed is kept, as a mark of its own
    assert "Exercise 4" in [mark.text for mark in store.markers("lecture")]


def test_the_clock_of_the_browser_counts_across_daylight_saving(
    serve_pages: Callable[..., str], browser: Any
) -> None:
    """Check 28. On 25 October 2026 the clocks of Berlin go back at 01:00 UTC; the line does not fold."""
    clock = SteppedClock()
    made = open_store("sqlite://", clock, SETTINGS.store)
    start = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    store_lecture(made, clock, minutes=90, of=session(start=start))
    url = serve_pages(create_app(made, SETTINGS, TOKEN)).replace("/?", "/review/lecture?")
    context = browser.new_context(timezone_id="Europe/Berlin", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(url)
    wait_for_chart(page)
    at = page.evaluate(f"document.querySelector('{TIMELINE}').layout.xaxis.tickvals")
    told = page.evaluate(f"document.querySelector('{TIMELINE}').layout.xaxis.ticktext")
    assert at == sorted(at)
    assert told[0].startswith("02:15")
    assert told[-1].startswith("02:4")  # an hour and a half later
    assert page.input_value("#review-to") == "02:45"
    context.close()


def test_pace_hints_stand_with_what_was_answered(store: Store) -> None:
    clock = SteppedClock()
    store.begin(session("paced"))
    for number, seconds in ((1, 60.0), (2, 400.0)):
        hint = Hint(number, seconds, HintKind.SLOW_DOWN, f"Hint {number}. Slow down?", seconds - 30)
        for step in range(10):
            clock.step(5)
            store.add_look("paced", replace(look(seconds + 5 * step), hint=None if step else hint))
    store.finish("paced", clock.utc())
    store.answer_hint("paced", 2, Answer.YES)
    shown = str(review.below(read_lecture(store, "paced")))
    assert words.HINTS in shown
    assert "Hint 1. Slow down?" in shown
    assert "Td('yes')" in shown.replace('"', "'")
    assert words.HINTS not in str(review.below(read_lecture(store, "lecture")))


def test_a_program_that_was_stopped_or_started_anew_is_told_on_the_open_page(
    store: Store, browser: Any
) -> None:
    address, stop = serve(create_app(store, SETTINGS, TOKEN), "127.0.0.1", 0, TOKEN)
    port = int(address.split(":")[2].split("/")[0])
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address.replace("/?", "/review/lecture?"))
    wait_for_chart(page)
    stop()
    page.click("#review-mood-table")
    page.wait_for_selector(f"#failed >> text={words.GONE}")
    other = TOKEN.swapcase()
    _address, stop = serve(create_app(store, SETTINGS, other), "127.0.0.1", port, other)
    page.click("#review-shares-table")
    page.wait_for_selector(f"#failed >> text={words.STARTED_ANEW}")
    stop()
    context.close()


def test_a_store_from_an_older_version_is_shown(tmp_path: Path, serve_pages: Any, open_tab: Any) -> None:
    file, clock = tmp_path / "old.db", SteppedClock()
    made = open_store(f"sqlite:///{file}", clock, SETTINGS.store)
    store_lecture(made, clock, minutes=5)
    made.close()
    with sqlite3.connect(file) as old:  # as version 1 left it
        old.execute("DROP TABLE merged")
        old.execute("UPDATE schema_version SET version = 1")
    old.close()
    made = open_store(f"sqlite:///{file}", clock, SETTINGS.store)
    url = serve_pages(create_app(made, SETTINGS, TOKEN)).replace("/?", "/review/lecture?")
    page = open_tab(url).page
    wait_for_chart(page)
    assert page.locator(".strip").count() == 12
    made.close()
