"""Comparing sessions: aligned by minutes, one scale, the class alone, no difference where none is clear."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from classroom_monitor.clock import SteppedClock
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard import review_figures, theme
from dashboard import review_wording as words
from dashboard.app import create_app
from dashboard.context import Context
from dashboard.made_up import NAMES, look, session, store_lecture
from dashboard.pages import compare
from dashboard.summary import level, read_lecture

TOKEN = "a-start-token-of-more-than-32-characters"
SETTINGS = load_settings()


def flat(store: Store, name: str, valence: float, half: float) -> None:
    """A session of ten minutes that stays on one level."""
    store.begin(session(name, f"Session {name}"))
    for step in range(60):
        made = look(step * 10.0, 10)
        mood = dataclasses.replace(made.mood, valence=valence, low=valence - half, high=valence + half)
        store.add_look(name, dataclasses.replace(made, mood=mood))
    store.flush()


@pytest.fixture
def store() -> Store:
    clock = SteppedClock()
    made = open_store("sqlite://", clock, SETTINGS.store)
    store_lecture(made, clock, minutes=30)
    for name, valence, half in (("a", 0.0, 0.05), ("b", 0.06, 0.05), ("c", 0.3, 0.05), ("d", 0.3, 0.4)):
        flat(made, name, valence, half)
    return made


def test_a_difference_within_the_combined_interval_is_none(store: Store) -> None:
    """Check 29: each states its share of faces seen, and a small difference is no clear one."""
    rows, told = compare._rows([read_lecture(store, each) for each in "abcd"])
    assert told == [words.NO_CLEAR_DIFFERENCE, "more pleasant by 0.30 (± 0.07)", words.NO_CLEAR_DIFFERENCE]
    assert words.compare_sentence(told).startswith("One differs")
    assert [row[2] for row in rows] == [words.FIRST, *told]
    assert all("% of the students seen" in row[3] for row in rows)


def test_the_interval_of_a_session_is_not_narrowed_by_its_length(store: Store) -> None:
    assert level(read_lecture(store, "a").series).half == pytest.approx(0.05)


def test_all_sessions_share_one_scale_and_one_axis(store: Store) -> None:
    """Check 29: aligned by minutes from the start, on one scale."""
    import plotly.graph_objects as go

    lectures = [read_lecture(store, each) for each in ("lecture", "a", "c")]
    figure = review_figures.compare(lectures, theme.DARK, False)
    go.Figure(figure)
    axes = [axis for name, axis in figure["layout"].items() if name.startswith("yaxis")]
    assert len(axes) == 3
    assert len({tuple(axis["range"]) for axis in axes}) == 1
    assert figure["layout"]["xaxis"]["range"] == [0, max(lecture.length for lecture in lectures)]
    assert figure["layout"]["xaxis"]["ticktext"][0] == "0 min"


def test_only_known_sessions_up_to_four_are_chosen(store: Store) -> None:
    page = str(compare.layout(Context(store, SETTINGS), "a,nowhere,b,a,c,d,lecture"))
    assert "value=['a', 'b', 'c', 'd']" in page


def test_the_chart_has_a_sentence_and_a_table_of_its_numbers(store: Store) -> None:
    """Check 26, for the comparison."""
    lectures = [read_lecture(store, each) for each in ("lecture", "c")]
    page = str(compare._found(lectures, False, False))
    assert words.compare_sentence(compare._rows(lectures)[1]) in page
    looks = store.class_looks("lecture")
    first = looks["valence"][looks["seconds"] < 600]
    rows = compare._by_ten(lectures)
    assert rows[0][1].startswith(f"{first.mean():+.2f} ± ")
    assert [row[2] for row in rows] == ["+0.30 ± 0.05", "", ""]  # ten minutes long


def test_the_page_shows_the_class_alone(store: Store, serve_pages: Any, open_tab: Any) -> None:
    """Check 30: no single student is in a comparison."""
    base = serve_pages(create_app(store, SETTINGS, TOKEN))
    page = open_tab(base.replace("/?", "/compare?sessions=lecture,c&"), width=360).page
    page.wait_for_selector("#compare-chart .scatterlayer .trace")
    text = page.inner_text("main")
    assert "Statistics II, lecture 7" in text
    assert "Student 0" not in text
    assert not [name for name in NAMES if len(name) > 2 and name in page.content()]
    field = page.locator(".mantine-MultiSelect-input").bounding_box()
    for chosen in page.locator(".mantine-Pill-root").all():  # all are seen in the narrow field
        box = chosen.bounding_box()
        assert box["y"] + box["height"] <= field["y"] + field["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
