"""One student's page: the own usual look alone; names, answers and leaving out reach store and watcher."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from browsing import until

from classroom_monitor.clock import SteppedClock
from classroom_monitor.records import Answer, Flag, FlagKind, HealthState
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard import review_figures, theme, wording
from dashboard import review_wording as words
from dashboard.app import create_app
from dashboard.context import Context
from dashboard.live import lanes
from dashboard.made_up import store_lecture
from dashboard.pages import student
from dashboard.summary import read_lecture, student_series

TOKEN = "a-start-token-of-more-than-32-characters"
SETTINGS = load_settings()
CHART = "#student-chart .js-plotly-plot .scatterlayer .trace"


@pytest.fixture
def store() -> Store:
    clock = SteppedClock()
    made = open_store("sqlite://", clock, SETTINGS.store)
    store_lecture(made, clock, minutes=30)
    return made


def test_the_page_tells_looks_used_and_what_stood_out(store: Store, serve_pages: Any, open_tab: Any) -> None:
    """Check 18: coverage and sample count, and no rank against classmates."""
    base = serve_pages(create_app(store, SETTINGS, TOKEN))
    page = open_tab(base.replace("/?", "/student/lecture/1?")).page
    page.wait_for_selector(CHART)
    looks = store.student_looks("lecture", student=1)
    assert page.inner_text("#student-used") == words.looks_used(int(looks["usable"].sum()), len(looks))
    assert "looked less pleasant than this student’s usual look" in page.inner_text("#student-said")
    assert page.inner_text("h1") == "Student 01"
    assert "Looks sad, lower than usual" in page.inner_text("#student-side")
    shares = [float(each.split()[0].lstrip("<")) for each in page.locator(".mix .share").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=4)
    page.click("#student-show")
    page.wait_for_selector("h1 >> text=Ana")
    page.click("#review-student-table")
    page.wait_for_selector("#review-student-numbers table")
    assert page.locator("#review-student-numbers tbody tr").count() >= 29
    # No classmate and no rank is on the page.
    assert "Chidi" not in page.content()
    assert "Student 02" not in page.content()


def test_a_name_is_corrected(store: Store, serve_pages: Any, open_tab: Any) -> None:
    base = serve_pages(create_app(store, SETTINGS, TOKEN))
    page = open_tab(base.replace("/?", "/student/lecture/1?"), width=360).page
    page.wait_for_selector(CHART)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#student-show")
    page.get_by_role("button", name=words.CORRECT_NAME).click()
    until(page, lambda: page.input_value("#student-text") == "Ana")
    page.fill("#student-text", "Anna")
    page.click("#student-save")
    page.wait_for_selector("h1 >> text=Anna")
    assert store.names("lecture")[1] == "Anna"


def test_leaving_out_and_answers_reach_store_and_watcher(
    lecture: Any, serve_pages: Any, open_tab: Any
) -> None:
    flag = Flag(
        1, 1, FlagKind.LOWER, 5.0, 6.0, None, 12, 11, "Looks sad, lower than usual, for 30 s (11 of 12 looks)"
    )
    lecture.look(lecture.store.students_now("lecture"), flag)
    watcher: Any = lecture.watcher
    base = serve_pages(create_app(lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock))
    page = open_tab(base.replace("/?", "/student/lecture/1?")).page
    page.wait_for_selector(CHART)
    page.get_by_role("button", name="Not now").click()
    page.wait_for_selector("#student-side >> text=not now")
    assert lecture.store.answers("lecture") == {1: Answer.NOT_NOW}
    page.get_by_role("button", name=words.LEAVE_OUT).click()
    page.get_by_role("button", name=words.TAKE_IN).wait_for()
    assert lecture.store.left_out("lecture") == {1}
    assert lecture.watcher.told == [(1, Answer.NOT_NOW), (1, True)]


def test_pause_and_mark_stand_on_the_page_while_the_session_runs(
    lecture: Any, serve_pages: Any, open_tab: Any
) -> None:
    """Checks 8 and 9. When the session ends the page is that of the review."""
    lecture.store.name_student("lecture", 1, "Ana")
    watcher: Any = lecture.watcher
    base = serve_pages(create_app(lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock))
    page = open_tab(base.replace("/?", "/student/lecture/1?")).page
    page.wait_for_selector("#live-state >> text=Reading")
    page.keyboard.press("p")
    page.wait_for_selector("#live-state >> text=Paused")
    assert watcher.state is HealthState.PAUSED
    page.get_by_role("button", name=wording.RESUME).click()
    page.wait_for_selector("#live-state >> text=Reading")
    page.keyboard.press("m")
    page.wait_for_selector("#live-mark-panel >> text=Add a note?")
    assert len(lecture.store.markers("lecture")) == 1
    page.wait_for_selector("h1 >> text=Ana")
    page.keyboard.press("n")
    page.wait_for_selector("h1 >> text=Student 01")
    watcher.session = None
    page.wait_for_selector(f"text={words.BACK_REVIEW}")
    assert page.locator("#live-pause, #live-mark").count() == 0
    assert page.is_visible("#student-show")


def test_two_students_are_merged_and_parted_again(lecture: Any, serve_pages: Any, open_tab: Any) -> None:
    """The program took student 3 for 3 and 9; both pages, the review and the watcher then know one."""
    lecture.store.name_student("lecture", 9, "<b>Ana</b>")
    before = len(lecture.store.student_looks("lecture", student=3))
    watcher: Any = lecture.watcher
    base = serve_pages(create_app(lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock))
    page = open_tab(base.replace("/?", "/student/lecture/9?")).page
    page.wait_for_selector(CHART)
    page.get_by_role("button", name=wording.MERGE).click()
    page.click("#student-merge-yes")
    page.wait_for_selector(f"text={wording.MERGE_CHOOSE}")
    page.get_by_role("textbox", name=wording.MERGE_WITH).click()
    assert page.locator("[role=option]").all_inner_texts() == [
        wording.pseudonym(n) for n in range(1, 13) if n != 9
    ]  # by number, never by how they look
    page.get_by_role("option", name="Student 03").click()
    page.click("#student-merge-yes")
    page.wait_for_url("**/student/lecture/3*")
    page.wait_for_selector("text=Student 09 is merged into this one.")
    assert lecture.store.merged("lecture") == {9: 3}
    assert lecture.watcher.told == [("merge", 9, 3)]
    page.wait_for_selector("h1 >> text=<b>Ana</b>")
    assert len(lecture.store.student_looks("lecture", student=3)) == before  # one row a look
    assert student.layout(Context(lecture.store, lecture.settings), "lecture", "9") is not None
    page.get_by_role("button", name="Undo the merge of Student 09").click()
    page.wait_for_selector("text=Student 09 is merged into this one.", state="detached")
    assert lecture.store.merged("lecture") == {}
    assert lecture.watcher.told[-1] == ("split", 9)


def test_who_else_it_could_be_is_listed_by_number_and_named_only_where_names_are_shown(lecture: Any) -> None:
    """Checks 18 to 20: no rank, and a hostile name is one line of plain text."""
    lecture.store.name_student("lecture", 2, "<img src=x onerror=alert(1)>\u202e" + "x" * 500)
    context = Context(lecture.store, lecture.settings)
    hidden = student.others(context, "lecture", 1, named=False)
    assert [each["label"] for each in hidden] == [wording.pseudonym(n) for n in range(2, 13)]
    shown = student.others(context, "lecture", 1, named=True)[0]["label"]
    assert shown.startswith("<img src=x onerror=alert(1)>x")
    assert len(shown) <= 60
    assert student.merge(context, "lecture", 7, 2) == 2
    assert "7" not in [each["value"] for each in student.others(context, "lecture", 1, named=False)]
    student.split(context, "lecture", 7)
    assert lecture.store.merged("lecture") == {}


def test_the_mixture_over_time_has_a_sentence_and_a_table(
    store: Store, serve_pages: Any, open_tab: Any
) -> None:
    """Checks 26 and 27."""
    found = lanes.of_student(store.student_looks("lecture", student=1), (0.0, 1800.0))
    assert found is not None
    assert len(found) <= lanes.STUDENT_STEPS + 1
    whole = sum(np.nan_to_num(row) for row in found.rows.values())
    assert set(np.round(whole, 2)) <= {0.0, 1.0}
    assert lanes.of_student(store.student_looks("lecture", student=1), (0.0, -1.0)) is None
    base = serve_pages(create_app(store, SETTINGS, TOKEN))
    page = open_tab(base.replace("/?", "/student/lecture/1?"), width=320, scheme="light").page
    page.wait_for_selector("#student-mix-chart .js-plotly-plot .trace")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#student-mix-table").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#student-mix-numbers th >> text=surprised")


def test_an_unknown_student_has_a_screen(store: Store) -> None:
    context = Context(store, SETTINGS)
    for wrong in ("99", "0", "-1", "abc", "٣"):
        assert wording.NO_STUDENT.title in str(student.layout(context, "lecture", wrong))


def test_the_figure_is_valid_and_draws_the_student_alone(store: Store) -> None:
    import plotly.graph_objects as go

    lecture = read_lecture(store, "lecture")
    series = student_series(store.student_looks("lecture", student=3), SETTINGS.flags)
    flags = [flag for flag in lecture.flags if flag.student == 3]
    for colours in theme.PALETTES:
        for compact in (False, True):
            figure = review_figures.student(
                lecture, series, 0.12, flags, colours, compact, (0, lecture.length)
            )
            go.Figure(figure)
            lines = [trace for trace in figure["data"] if trace.get("line", {}).get("width") == 2]
            assert len(lines) == len(list(series.runs())) >= 2
