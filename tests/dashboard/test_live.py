"""The live page: what a refresh sends, and what a browser shows of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from browsing import until
from plotly.io.json import to_json_plotly

from classroom_monitor.records import (
    Answer,
    Box,
    ClassWord,
    HealthState,
    Hint,
    HintKind,
    Marker,
    MarkerKind,
    Presence,
    StudentState,
    Trend,
)
from classroom_monitor.settings import load_settings
from dashboard import review_wording, wording
from dashboard.app import create_app
from dashboard.context import Context
from dashboard.live import call, charts, detail, flags, head, health, lanes, marks, now, refresh
from dashboard.live.now import View
from dashboard.serving import serve

from .conftest import NEUTRAL, PLEASANT, TOKEN, UNPLEASANT, Lecture, flag, student

HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "Maximiliane von Hohenlohe-Waldenburg-Schillingsfürst die Zweite",
    "\u202eليلى\u202c",
    "👩‍🏫🎓",
    "$\\href{javascript:document.title='owned'}{x}$",
    "x" * 10_000,
    "   ",
)


def context_of(lecture: Lecture, **more: Any) -> Context:
    watcher: Any = lecture.watcher
    return Context(lecture.store, lecture.settings, watcher, clock=lecture.clock, **more)


def now_of(lecture: Lecture) -> now.Now:
    return now.read(context_of(lecture), lecture.session.id, lecture.watcher.status().health)


def texts(component: Any) -> str:
    """All text of a component tree."""
    if component is None or isinstance(component, bool):
        return ""
    if isinstance(component, (str, int, float)):
        return str(component)
    if isinstance(component, (list, tuple)):
        return " ".join(filter(None, map(texts, component)))
    return texts(getattr(component, "children", None))


def test_the_full_head_says_word_trend_count_and_how_sure(lecture: Lecture) -> None:
    """Check 4: in words, not only by colour."""
    everyone = tuple(student(n) for n in range(1, 13))
    for _ in range(5):
        lecture.look(everyone, trend=Trend.DIMMING)
    said = texts(head.head(context_of(lecture), now_of(lecture), View()))
    assert "Mostly neutral" in said
    assert "dimming since" in said
    assert "12 of 12 seen" in said
    assert "exceeds its own 90 % interval" in said


def test_brightening_is_told_by_the_same_rule_as_dimming(lecture: Lecture) -> None:
    """Check 13."""
    everyone = tuple(student(n, PLEASANT) for n in range(1, 13))
    lecture.look(everyone, trend=Trend.BRIGHTENING)
    said = texts(head.head(context_of(lecture), now_of(lecture), View()))
    assert "brightening since" in said
    assert "faces look more pleasant" in said


def test_no_direction_is_said_where_the_interval_does_not_support_it(lecture: Lecture) -> None:
    lecture.look(tuple(student(n) for n in range(1, 13)), trend=Trend.UNCLEAR)
    shown = head.head(context_of(lecture), now_of(lecture), View())
    assert "no direction is sure yet" in texts(shown)
    assert "i-arrow" not in str(shown)


def test_too_few_faces_has_its_own_words(lecture: Lecture) -> None:
    """Check 15."""
    few = tuple(student(n, NEUTRAL if n < 5 else None) for n in range(1, 13))
    lecture.look(few)
    for compact in (False, True):
        said = texts(head.head(context_of(lecture), now_of(lecture), View(compact=compact)))
        assert "Too few faces to say" in said
        assert "fewer than 5 are seen" in said


def test_a_word_of_the_few_beside_slides_says_by_how_many(lecture: Lecture) -> None:
    """Check 15 and decision 10: the word of a strip beside slides stands, with the number it rests on."""
    on_strip = [student(n) for n in range(1, 7)]
    lecture.look((*on_strip, *(StudentState(n, Presence.OTHER_PAGE, None) for n in range(7, 26))))
    now = now_of(lecture)
    assert now.last is not None
    spoken = replace(now, last=replace(now.last, word=ClassWord.MOSTLY_NEUTRAL))
    for compact in (False, True):
        said = texts(head.head(context_of(lecture), spoken, View(compact=compact)))
        assert "by the 6 in view" in said
    lecture.look(tuple(student(n) for n in range(1, 13)))
    assert "by the" not in texts(head.head(context_of(lecture), now_of(lecture), View()))


def test_the_four_ways_of_not_being_seen_are_counted_apart(lecture: Lecture) -> None:
    """Check 17."""
    ways = (Presence.CAMERA_OFF, Presence.NO_FACE, Presence.TOO_SMALL, Presence.OTHER_PAGE, Presence.PHOTO)
    lecture.look(tuple(StudentState(n, way, Box(0, 0, 9, 9)) for n, way in enumerate(ways, 1)))
    counted = call.counts(now_of(lecture))
    assert counted == {
        **dict.fromkeys((*wording.FAMILIES, Presence.NOT_READABLE, Presence.LEFT_OUT), 0),
        **dict.fromkeys(ways, 1),
    }
    said = texts(call.causes())
    assert all(f"{wording.PRESENCE[way]}   0" in said for way in (*ways, Presence.LEFT_OUT))


def test_at_most_three_flags_newest_first_each_with_reason_count_and_other_explanation(
    lecture: Lecture,
) -> None:
    """Checks 3, 12 and 19: newest first, never by how anybody looks."""
    everyone = tuple(student(n) for n in range(1, 13))
    shown = [flag(n, n, shown=10.0 + n) for n in range(1, 5)]
    lecture.look(everyone, *shown, flag(5, 5, shown=None), flag(6, 6, shown=None))
    moment = now_of(lecture)
    assert [each.number for each in flags.listed(moment)] == [4, 3, 2, 1]
    said = texts(flags.column(context_of(lecture), moment, View()))
    assert said.index("Student 04") < said.index("Student 03") < said.index("Student 02")
    assert "Student 01" not in said
    assert "+3 more" in said
    assert said.count("(54 of 60 looks).") == 3
    assert said.count("Could be concentration, light or a habit.") == 3
    assert said.count("Not now") == said.count("Never for this student") == said.count("Look back") == 3


def test_a_cleared_flag_stays_listed_for_a_minute_and_an_answered_one_goes_at_once(lecture: Lecture) -> None:
    """Check 11."""
    lecture.look((student(1),), flag(1, 1, shown=10.0, cleared=20.0), flag(2, 2, shown=11.0))
    assert [each.number for each in flags.listed(now_of(lecture))] == [2, 1]
    lecture.store.answer("lecture", 2, Answer.NOT_NOW)
    assert [each.number for each in flags.listed(now_of(lecture))] == [1]
    for _ in range(30):
        lecture.look((student(1),))
    assert flags.listed(now_of(lecture)) == ()
    assert "No one right now." in texts(
        flags.column(context_of(lecture), now_of(lecture), View(compact=True))
    )


def test_never_for_this_student_hides_every_flag_of_theirs(lecture: Lecture) -> None:
    """Check 12."""
    lecture.look((student(1),), flag(1, 1), flag(2, 1), flag(3, 2))
    assert flags.answered(context_of(lecture), 1, Answer.NEVER)[1] is not None
    assert [each.number for each in flags.listed(now_of(lecture))] == [3]
    assert lecture.watcher.told == [(1, Answer.NEVER)]
    assert lecture.store.answers("lecture") == {1: Answer.NEVER}


def test_a_pace_hint_asks_until_it_is_answered_or_old(lecture: Lecture) -> None:
    everyone = tuple(student(n) for n in range(1, 13))
    said = "Brow furrowed on 8 of 12 faces for 2 min. Usual for this class: 3. Slow down or check in?"
    hint = Hint(1, lecture.seconds + 2, HintKind.SLOW_DOWN, said, lecture.seconds - 30)
    lecture.look(everyone, hint=hint)

    def shown() -> str:
        return texts(flags.column(context_of(lecture), now_of(lecture), View()))

    assert lecture.store.hints("lecture") == (hint,)
    assert "Slow down or check in?" in shown()
    assert "Usual for this class: 3." in shown()
    for _ in range(140):
        lecture.look(everyone)
    assert "Slow down or check in?" in shown()
    for _ in range(15):
        lecture.look(everyone)
    assert "Slow down or check in?" not in shown()
    again = replace(hint, number=2, seconds=lecture.seconds + 2)
    lecture.look(everyone, hint=again)
    assert "Slow down or check in?" in shown()
    lecture.store.answer_hint("lecture", 2, Answer.YES)
    assert "Slow down or check in?" not in shown()
    assert lecture.store.hint_answers("lecture") == {2: Answer.YES}


def test_names_can_be_hidden_everywhere(lecture: Lecture) -> None:
    """Check 10."""
    lecture.store.name_student("lecture", 1, "Ana")
    lecture.look((student(1), student(2)), flag(1, 1))
    shown, hidden = View(), View(names=False)
    moment, context = now_of(lecture), context_of(lecture)
    assert "Ana" in texts(flags.column(context, moment, shown)) + json.dumps(call.tiles(moment, shown))
    assert "Ana" not in texts(flags.column(context, moment, hidden)) + json.dumps(call.tiles(moment, hidden))


def test_tiles_stand_where_they_sit_in_the_call() -> None:
    """Check 19: by place, never by how anybody looks."""
    students = [student(n) for n in range(1, 15)]
    for n in (13, 14):  # a short last row stands in the middle
        tile = students[n - 1].tile
        assert tile is not None
        students[n - 1] = replace(students[n - 1], tile=tile.shift(640, 0))
    students.reverse()
    found = call.places(students)
    assert [found[n] for n in (1, 2, 6, 7, 12)] == [(0, 0), (2, 0), (10, 0), (0, 1), (10, 1)]
    assert [found[n] for n in (13, 14)] == [(4, 2), (6, 2)]
    half = replace(students[0], tile=Box(160, 360, 310, 174))
    assert call.places([*students[2:], half])[14] == (1, 2)
    assert call.places([]) == {}


def test_tiles_never_share_a_place() -> None:
    crowd = [student(n, tile=Box(7 * n, 3 * (n % 2), 310, 174)) for n in range(1, 30)]
    found = call.places(crowd)
    assert len(set(found.values())) == len(found) == 29


def test_the_mix_of_a_tile_is_the_mix_of_its_looks(lecture: Lecture) -> None:
    lecture.look((student(1, PLEASANT), student(2, UNPLEASANT), student(3, None)), flag(1, 2))
    tiles = {entry[0]: entry for entry in call.tiles(now_of(lecture), View())["tiles"]}
    assert tiles[1][2:7] == ["pleasant", 0, 70, 20, 10]
    assert tiles[2][2:4] == ["unpleasant", 1]
    assert tiles[3][2:7] == ["camera_off", 0, 0, 0, 0]


def test_a_refresh_sends_only_what_has_changed(lecture: Lecture) -> None:
    from dash import no_update

    context, view = context_of(lecture), View()
    first = refresh.fresh(context, view, {})
    again = refresh.fresh(context, view, first[-1])
    assert all(each is not no_update for each in (first[1], first[2], first[4], first[5]))
    assert all(each is no_update for each in again[1:7])
    lecture.look(tuple(student(n) for n in range(1, 13)))
    later = refresh.fresh(context, view, first[-1])
    assert later[2] is not no_update
    assert later[5] is no_update
    assert refresh.fresh(context, View(names=False), first[-1])[5] is not no_update


def test_forty_nine_students_fit_into_twenty_kilobytes(lecture: Lecture) -> None:
    crowd = tuple(student(n, (PLEASANT, NEUTRAL, UNPLEASANT)[n % 3]) for n in range(1, 50))
    for n in range(1, 50):
        lecture.store.name_student("lecture", n, f"Student with a name {n}")
    for _ in range(330):
        lecture.look(crowd, *(flag(n, n) for n in range(1, 4)))
    shown = refresh.fresh(context_of(lecture), View(), {})[-1]
    lecture.look(crowd, *(flag(n, n) for n in range(1, 4)))
    sent = refresh.fresh(context_of(lecture), View(), shown)
    assert len(to_json_plotly(sent)) < 20_000


def test_only_ten_minutes_are_read_and_the_last_look_is_among_them(lecture: Lecture) -> None:
    everyone = tuple(student(n) for n in range(1, 7))
    for _ in range(700):
        lecture.look(everyone)
    moment = now_of(lecture)
    assert moment.seconds == lecture.seconds
    assert moment.looks["seconds"].iloc[0] >= lecture.seconds - now.WINDOW
    assert len(moment.looks) <= now.POINTS


def test_the_line_has_room_from_the_start_and_ten_minutes_at_most(lecture: Lecture) -> None:
    everyone = tuple(student(n) for n in range(1, 7))
    spans = []
    for looks in (1, 100, 400):
        for _ in range(looks):
            lecture.look(everyone)
        start, end = charts.line(now_of(lecture), View())["layout"]["xaxis"]["range"]
        spans.append(round(end - start) - 1)
    assert spans == [120, 222, 600]


def test_a_mark_is_kept_at_once_and_its_kind_and_note_follow(lecture: Lecture) -> None:
    context = context_of(lecture)
    made = marks.set_mark(context)
    assert made is not None
    assert lecture.store.markers("lecture") == (Marker(20.0, MarkerKind.OTHER, "", made.number),)
    marks.edit_mark(context, {"number": made.number, "seconds": 20.0, "kind": "exercise", "text": "Bayes"})
    changed = Marker(20.0, MarkerKind.EXERCISE, "Bayes", made.number)
    assert lecture.store.markers("lecture") == (changed,)
    assert lecture.watcher.told == [made, changed]


@pytest.mark.parametrize(
    ("state", "detail", "code"),
    [
        (HealthState.NO_GALLERY, "", "S-02"),
        (HealthState.BLACK, "", "S-03"),
        (HealthState.BLACK, "This is a Wayland desktop.", "S-04"),
        (HealthState.COVERED, "", "S-05"),
        (HealthState.NO_GALLERY, "One speaker fills the call.", "S-06"),
        (HealthState.ERROR, "The weights file does not match.", "S-07"),
        (HealthState.NOT_SAVING, "", "S-08"),
    ],
)
def test_each_state_is_told_first_beside_the_numbers_then_instead_of_them(
    lecture: Lecture, state: HealthState, detail: str, code: str
) -> None:
    """Check 39, but for the first of its eight states."""
    lecture.watcher.state, lecture.watcher.detail = state, detail
    beside = health.notice(context_of(lecture), now_of(lecture))
    assert code in texts(beside)
    assert beside.className != "whole"
    lecture.clock.step(120.0)
    instead = health.notice(context_of(lecture), now_of(lecture))
    assert code in texts(instead)
    buttons = str(instead).count("btn large main")
    assert buttons == (0 if code in ("S-04", "S-06", "S-08") else 1)  # their next step is not taken on a page
    assert (instead.className == "whole") is (state is not HealthState.NOT_SAVING)


def test_another_choice_is_one_button_away_where_it_helps(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """A state's next step, where the page can take it."""
    lecture.watcher.state = HealthState.NO_WINDOW
    lecture.clock.step(120.0)
    page = open_tab(live_url, 1280, 800).page
    page.get_by_role("button", name="Stop and choose again").click()
    page.wait_for_selector("text=asks anew what to watch")
    assert lecture.watcher.told == []
    page.get_by_role("dialog").get_by_role("button", name="Stop and choose again").click()
    page.get_by_role("heading", name=wording.NOTICE_TITLE).wait_for()  # what a first start begins with
    assert lecture.watcher.told == ["stop"]


def test_a_session_that_has_ended_leads_to_its_review(lecture: Lecture) -> None:
    context = context_of(lecture)
    shown = refresh.fresh(context, View(), {})[-1]
    lecture.watcher.session = None
    last = refresh.fresh(context, View(), shown)
    assert "This session has ended" in texts(last[6])
    assert "/review/lecture" in str(last[6])


def test_a_watcher_that_is_started_again_does_not_end_the_session(lecture: Lecture) -> None:
    from dash import no_update

    context = context_of(lecture)
    shown = refresh.fresh(context, View(), {})[-1]
    lecture.watcher.session, lecture.watcher.state = None, HealthState.ERROR
    lecture.watcher.detail = "The watcher does not answer; it is being started again, try in a moment."
    told = refresh.fresh(context, View(), shown)
    assert told[0]["label"] == "Not reading"
    assert not told[0]["ended"]
    assert lecture.watcher.detail in texts(told[6])
    assert "This session has ended" not in texts(told[6])
    assert refresh.fresh(context, View(), told[-1])[6] is no_update
    lecture.watcher.session, lecture.watcher.state = "lecture", HealthState.WATCHING
    assert refresh.fresh(context, View(), told[-1])[6] is None


def test_only_part_of_the_class_on_the_screen_is_said_in_numbers(lecture: Lecture) -> None:
    """Check 17, and a gallery of several pages."""
    here = tuple(student(n) for n in range(1, 7))
    away = tuple(StudentState(n, Presence.OTHER_PAGE) for n in range(7, 29))
    lecture.look((*here, *away, StudentState(29, Presence.GONE)))
    assert "6 of 28 visible" in texts(head.head(context_of(lecture), now_of(lecture), View()))
    lecture.look(here)
    assert "visible" not in texts(head.head(context_of(lecture), now_of(lecture), View()))


def test_the_lanes_say_and_draw_and_list_the_same_numbers(lecture: Lecture) -> None:
    """Check 26: a sentence and a table with the numbers of the chart."""
    for _ in range(60):
        lecture.look(tuple(student(n, PLEASANT, brow_furrow=0.5 if n < 4 else 0.0, head_turn=0.0,
                                   eyes_closed=0.0) for n in range(1, 13)))  # fmt: skip
    found = lanes.read(context_of(lecture))
    assert found is not None
    shares, signs = found
    assert lanes.shares_said(shares).startswith("Now 70 % of the faces look happy, 15 % neutral; ")
    assert "happy more often than 2 min ago" in lanes.shares_said(shares)
    assert "brow furrowed 25 %, looking away 0 %, eyes closed 0 %, out of view 0 %" in lanes.signs_said(signs)
    for each in found:
        for view in (View(), View(dark=True)):
            figure = lanes.figure(each, view)
            go.Figure(figure)
            assert len(figure["data"]) == len(each.rows)
    rows = lanes.table(shares, "shares").children.children[2].children
    assert "70 % 5 % 15 % 5 % 2 % 2 %" in texts(rows[-1])
    line = texts(lanes.line_table(now_of(lecture), "line"))
    assert "time middle from to faces seen" in line
    assert "09:07" in line


def test_steps_without_a_look_stay_gaps_in_the_lanes(lecture: Lecture) -> None:
    """Check 16."""
    lecture.seconds += 40.0
    lecture.clock.step(40.0)
    lecture.look(tuple(student(n) for n in range(1, 13)))
    found = lanes.read(context_of(lecture))
    assert found is not None
    missing = [step for step, value in enumerate(found[0].rows["happy"]) if value != value]
    assert missing == [3, 4, 5]


def test_the_name_on_the_own_tile_is_remembered_once_it_is_read(lecture: Lecture, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    context = context_of(lecture, settings_file=file)
    refresh.fresh(context, View(), {})
    assert not file.exists()
    lecture.watcher.own_name = '"Ana" <b>'
    refresh.fresh(context, View(), {})
    assert load_settings(file).names.own_label == '"Ana" <b>'
    file.unlink()
    refresh.fresh(context, View(), {})
    assert not file.exists()  # written once
    lecture.store.name_student("lecture", 4, "Bo")
    detail.own(context, 4)
    assert load_settings(file).names.own_label == "Bo"
    assert lecture.store.left_out("lecture") == {4}
    lecture.watcher.own_name = "Nobody"
    refresh.fresh(context_of(lecture, settings_file=file, demo=True), View(), {})
    assert load_settings(file).names.own_label == "Bo"  # drawn students are nobody


# --- in a browser


def test_a_tapped_tile_tells_the_student_and_what_can_be_said_of_them(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    lecture.store.name_student("lecture", 3, HOSTILE[0])
    lecture.look(tuple(student(n, brow_furrow=0.6) for n in range(1, 13)), flag(1, 3))
    page = open_tab(live_url).page
    tile = page.locator(".tile").nth(2)
    tile.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#live-detail-now >> text=Looks neutral.")
    assert page.inner_text("#live-detail-name") == HOSTILE[0]
    until(page, lambda: page.evaluate("document.activeElement.id") == "live-detail-name")
    assert "Now brow furrowed." in page.inner_text("#live-detail")
    assert "Could be concentration" in page.inner_text("#live-detail")
    assert page.locator("#live-detail .mix .share").count() == 7
    lecture.look(tuple(student(n, PLEASANT) for n in range(1, 13)))
    page.wait_for_selector("#live-detail-now >> text=Looks happy.")
    page.keyboard.press("Escape")
    page.wait_for_selector("#live-detail", state="hidden")
    assert page.evaluate("document.activeElement.dataset.student") == "3"

    page.keyboard.press("Enter")
    page.locator("#live-detail").wait_for()
    page.evaluate(  # closed and opened again before the server could answer
        """() => {
            const keys = { key: "Escape", bubbles: true };
            document.getElementById("live-detail-name").dispatchEvent(new KeyboardEvent("keydown", keys));
            document.querySelector(".tile[data-student='3']").click();
        }"""
    )
    page.get_by_role("button", name=wording.LEAVE_OUT).click()
    page.get_by_role("button", name=wording.TAKE_IN).click()
    page.get_by_role("button", name=wording.LEAVE_OUT).wait_for()
    assert lecture.watcher.told == [(3, True), (3, False)]
    page.click(".tile >> nth=4")
    page.wait_for_selector("#live-detail-name >> text=Student 05")
    page.get_by_role("button", name=wording.THIS_IS_ME).click()
    page.get_by_role("button", name=wording.TAKE_IN).wait_for()
    assert lecture.watcher.told[-1] == ("own", 5)
    assert lecture.store.left_out("lecture") == {5}
    page.get_by_role("link", name=wording.STUDENT_PAGE).click()
    page.wait_for_url("**/student/lecture/5")


def test_every_live_chart_has_hover_and_a_table_by_keyboard_and_the_capture_comes_on_demand(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Checks 26 and 37."""
    for _ in range(20):
        lecture.look(tuple(student(n) for n in range(1, 13)))
    tab = open_tab(live_url)
    page = tab.page
    page.wait_for_selector("#live-shares-said >> text=of the faces look neutral")
    for name, first in (("line", "09:05"), ("shares", "09:05"), ("signs", "09:05")):
        page.locator(f"#live-{name}-table").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#live-{name}-numbers td >> text={first}")
        assert page.get_attribute(f"#live-{name}-table", "aria-expanded") == "true"
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#live-{name}-numbers table", state="detached")
    page.hover(".live-chart", position={"x": 700, "y": 100})
    page.wait_for_selector("#live-tip >> text=12 seen")
    assert page.locator(".found-tile").count() == 0
    page.click("#live-capture-show")
    page.wait_for_selector("#live-capture >> text=18 tiles found.")
    assert page.locator(".capture .found-tile").count() == 18
    page.click("#live-capture-show")
    page.wait_for_selector(".capture .found-tile", state="detached")
    assert not any("jpg" in url for url in tab.asked)


def test_the_page_counts_shows_and_obeys(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Checks 8 to 10, 12 and 41 (the live region)."""
    lecture.store.name_student("lecture", 3, "Ana")
    lecture.look(tuple(student(n) for n in range(1, 13)), flag(1, 3))
    tab = open_tab(live_url)
    page = tab.page
    page.wait_for_selector("#live-head h1")
    assert "token" not in page.url
    page.wait_for_selector(".tile.ring")
    assert page.inner_text("#live-head h1") == "Mostly neutral"
    assert page.locator(".map .tile").count() == 12
    said = page.inner_text("#spoken")
    assert said.startswith("Mostly neutral. ")
    assert "Ana" in page.inner_text(".flag")

    lecture.look(tuple(student(n, PLEASANT if n < 10 else None) for n in range(1, 13)), flag(1, 3))
    page.wait_for_selector("text=9 of 12 seen")
    assert page.inner_text("#spoken") == said  # it speaks at most once in 30 s

    # What has the focus keeps it while the numbers around it change.
    page.get_by_role("button", name="Not now").focus()
    lecture.look(
        tuple(student(n) for n in range(1, 13)),
        replace(flag(1, 3), reason="Looks sad for 3 min (61 of 70 looks)"),
    )
    page.wait_for_selector("text=12 of 12 seen")
    page.wait_for_selector("text=Looks sad for 3 min (61 of 70 looks).")
    assert page.evaluate("document.activeElement.textContent") == "Not now"
    page.locator(".tile").nth(4).focus()
    lecture.look(tuple(student(n, UNPLEASANT) for n in range(1, 13)), flag(1, 3))
    page.wait_for_selector(".tile.unpleasant >> nth=11")
    assert page.evaluate("document.activeElement.title") == "Student 05: unpleasant"

    page.keyboard.press("n")
    page.wait_for_selector(".flag >> text=Student 03")
    page.keyboard.press("p")
    page.wait_for_selector("#live-state >> text=Paused")
    assert lecture.watcher.state is HealthState.PAUSED
    assert page.is_visible("text=as it was at")
    page.keyboard.press("p")
    page.wait_for_selector("#live-state >> text=Reading")

    page.keyboard.press("m")
    page.wait_for_selector("#live-mark-panel >> text=Add a note?")
    page.get_by_role("button", name="Exercise").click()
    page.fill("#live-note", "Bayes m p n")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("#live-mark-panel", state="hidden")
    page.wait_for_timeout(500)
    assert [(each.kind, each.text) for each in lecture.store.markers("lecture")] == [
        (MarkerKind.EXERCISE, "Bayes m p n")
    ]

    page.get_by_role("button", name="Not now").click()
    page.wait_for_selector("text=No one right now.")
    assert (1, Answer.NOT_NOW) in lecture.watcher.told

    page.click("#live-stop")
    page.get_by_role("button", name="Stop and review").click()
    page.wait_for_url("**/review/lecture")
    assert lecture.watcher.told[-1] == "stop"
    assert {url.split("/")[2].split(":")[0] for url in tab.asked if url.startswith("http")} == {"127.0.0.1"}


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_scrolls_sideways_and_no_name_breaks_out(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any], scheme: str
) -> None:
    """Checks 2 and 20."""
    for number, name in enumerate(HOSTILE, 1):
        lecture.store.name_student("lecture", number, name)
    lecture.look(tuple(student(n) for n in range(1, 13)), *(flag(n, n, shown=10.0 + n) for n in (1, 2, 3)))
    page = open_tab(live_url, 1280, 800, scheme).page
    page.wait_for_selector("text=12 of 12 seen")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(18, 22, 28)" if scheme == "dark" else "rgb(255, 255, 255)"
    )
    for width in (1280, 640, 360, 320):
        page.set_viewport_size({"width": width, "height": 640})
        page.wait_for_selector(".flag-line" if width <= 480 else ".flag")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        names = page.evaluate(
            "[...document.querySelectorAll('#live-flags .name, #live-flags h3, .tile .name')]"
            ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().right)"
        )
        assert max(names) <= width
    assert page.title() != "owned"
    assert page.locator(".live script, .live img[src=x], .live a[href^=javascript]").count() == 0


def test_compact_has_no_map_and_at_most_three_names(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Checks 3 and 7."""
    lecture.look(tuple(student(n) for n in range(1, 13)), *(flag(n, n) for n in range(1, 6)))
    page = open_tab(live_url, 360, 480).page
    page.wait_for_selector(".flag-line")
    parts = ".live-where, .live-acts > *, .live-class > *, .live-aside > *"
    assert page.locator(parts).locator("visible=true").count() == 7
    assert page.locator(".flag-line").count() == 3
    assert page.is_visible("text=+2 more")
    assert page.locator(".tile:visible").count() == 0
    for width in (360, 320):
        page.set_viewport_size({"width": width, "height": 480})
        assert page.evaluate("document.documentElement.scrollHeight") <= 480
    assert page.locator("audio, video, dialog[open], [role=dialog]").count() == 0
    page.emulate_media(reduced_motion="reduce")
    moving = "[...document.querySelectorAll('*')].map(e => getComputedStyle(e))"
    assert set(page.evaluate(f"{moving}.map(s => s.transitionDuration + ' ' + s.animationName)")) == {
        "0s none"
    }
    page.click(".flag-line summary >> nth=0")
    assert page.is_visible("text=Could be concentration, light or a habit.")
    lecture.look(tuple(student(n, PLEASANT) for n in range(1, 13)), *(flag(n, n) for n in range(1, 6)))
    page.wait_for_selector("text=Somewhat pleasant")
    assert page.is_visible("text=Could be concentration, light or a habit.")  # still open
    assert page.is_visible("text=Never for this student")


def test_the_compact_view_opens_above_all_windows_or_as_a_pop_up(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    page = open_tab(live_url, scheme="light").page
    page.wait_for_selector("#live-head h1")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name=wording.COMPACT_LABEL).click()
    above = opened.value
    above.frame_locator("iframe").locator("#live-head h1").wait_for()
    assert above.frame_locator("iframe").locator("html[data-mantine-color-scheme=light]").count() == 1
    assert page.evaluate("documentPictureInPicture.window !== null")
    assert "classroom monitor" in above.title().lower()  # as the capture knows its own windows
    above.close()
    page.evaluate("delete window.documentPictureInPicture")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name=wording.COMPACT_LABEL).click()
    opened.value.wait_for_url("**/live")
    opened.value.wait_for_selector("#live-head h1")


def test_names_are_hidden_at_first_where_the_compact_window_lies_in_the_capture(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Check 10."""
    lecture.store.name_student("lecture", 1, "Ana")
    lecture.look(tuple(student(n) for n in range(1, 13)), flag(1, 1))
    lecture.watcher.sees_itself = True
    page = open_tab(live_url, 360, 640).page
    page.wait_for_selector(".flag-line >> text=Student 01")
    page.keyboard.press("n")
    page.wait_for_selector(".flag-line >> text=Ana")
    lecture.look(tuple(student(n) for n in range(1, 13)), flag(1, 1))
    page.wait_for_timeout(2500)
    assert page.is_visible(".flag-line >> text=Ana")  # the teacher has said so
    full = open_tab(live_url, 1280, 800).page
    full.wait_for_selector(".flag >> text=Ana")
    lecture.watcher.sees_itself = False
    assert open_tab(live_url, 360, 640).page.wait_for_selector(".flag-line >> text=Ana")


def test_a_server_that_dies_greys_the_page_and_one_started_anew_asks_for_its_address(
    lecture: Lecture, open_tab: Callable[..., Any]
) -> None:
    """Check 5, and a restart of the program under an open page."""
    watcher: Any = lecture.watcher
    app = create_app(lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock)
    url, stop = serve(app, "127.0.0.1", 0, TOKEN)
    tab = open_tab(url)
    tab.page.wait_for_selector("#live-head h1")
    tab.page.wait_for_selector("#live:not(.stale)")
    stop()
    tab.page.wait_for_selector("#live.stale #live-state >> text=No answer for", timeout=60_000)
    again = create_app(lecture.store, lecture.settings, TOKEN[::-1], watcher, clock=lecture.clock)
    _url, stop = serve(again, "127.0.0.1", int(url.split("/")[2].rpartition(":")[2]), TOKEN[::-1])
    tab.page.wait_for_selector(f"#failed >> text={review_wording.STARTED_ANEW}")
    stop()
    tab.problems.clear()  # the browser rightly complains about refused connections


def test_the_look_ages_by_itself_and_a_late_one_greys_the_page(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """Check 5."""
    page = open_tab(live_url).page
    page.wait_for_selector("#live-more >> text=last look")
    lecture.clock.step(40.0)
    page.wait_for_selector("#live.stale")
    assert "No reading for 4" in page.inner_text("#live-state")
    assert wording.TRYING_AGAIN in page.inner_text("#live-more")


def test_what_an_overtaken_refresh_has_mixed_up_is_sent_anew(
    lecture: Lecture, live_url: str, open_tab: Callable[..., Any]
) -> None:
    """As when a refresh of the narrow page comes back between two of the wide one."""
    page = open_tab(live_url).page
    page.wait_for_selector("#live-flags >> text=No one right now.")
    state = refresh.fresh(context_of(lecture), View(dark=True), {})[-1]
    mixed = {
        "live-flags": {"children": "of another view"},
        "live-shown": {"data": {**state, "base": "other"}},
    }
    for name, props in mixed.items():
        page.evaluate("([name, props]) => dash_clientside.set_props(name, props)", [name, props])
    page.wait_for_selector("#live-flags >> text=No one right now.")


def test_two_tabs_show_and_do_the_same(lecture: Lecture, live_url: str, open_tab: Callable[..., Any]) -> None:
    one, other = open_tab(live_url).page, open_tab(live_url, 360, 640).page
    for page in (one, other):
        page.wait_for_selector("#live-state >> text=Reading")
    one.keyboard.press("p")
    other.wait_for_selector("#live-state >> text=Paused")
    other.get_by_role("button", name=wording.RESUME).click()
    one.wait_for_selector("#live-state >> text=Reading")
    other.keyboard.press("m")
    until(one, lambda: len(lecture.store.markers("lecture")) == 1)
    lecture.watcher.session = None
    for page in (one, other):
        page.wait_for_selector("text=This session has ended")


def test_shortcuts_can_be_switched_off(
    lecture: Lecture, serve_pages: Callable[..., str], open_tab: Callable[..., Any]
) -> None:
    """Check 9."""
    settings = replace(lecture.settings, dashboard=replace(lecture.settings.dashboard, shortcuts=False))
    watcher: Any = lecture.watcher
    page = open_tab(
        serve_pages(create_app(lecture.store, settings, TOKEN, watcher, clock=lecture.clock))
    ).page
    page.wait_for_selector("#live-head h1")
    page.keyboard.press("p")
    page.keyboard.press("m")
    page.wait_for_timeout(800)
    assert lecture.watcher.state is HealthState.WATCHING
    assert lecture.store.markers("lecture") == ()


def test_the_demo_shows_the_drawn_call(
    lecture: Lecture, serve_pages: Callable[..., str], open_tab: Callable[..., Any]
) -> None:
    watcher: Any = lecture.watcher
    app = create_app(lecture.store, lecture.settings, TOKEN, watcher, demo=True, clock=lecture.clock)
    tab = open_tab(serve_pages(app))
    tab.page.wait_for_selector("#live-picture")
    assert tab.page.is_visible("text=These students are drawn.")
    lecture.look(tuple(student(n) for n in range(1, 13)))
    with tab.page.expect_request("**/picture.jpg?look=*"):
        pass
