"""What the review says of a session: thinning, gaps, stretches, moments, who was in view."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from classroom_monitor.clock import SteppedClock
from classroom_monitor.records import EXPRESSIONS, Marker, MarkerKind, Presence
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard import review_wording as words
from dashboard import summary
from dashboard.made_up import look, session, store_lecture

SETTINGS = load_settings()


@pytest.fixture(scope="module")
def store() -> Store:
    clock = SteppedClock()
    made = open_store("sqlite://", clock, SETTINGS.store)
    store_lecture(made, clock, minutes=30)
    return made


def frame(
    values: list[float], step: float = 2.0, word: str = "mostly_neutral", seen: int = 20
) -> pd.DataFrame:
    seconds = np.arange(len(values)) * step
    table = {
        "seconds": seconds,
        "valence": values,
        "low": np.array(values) - 0.05,
        "high": np.array(values) + 0.05,
    }
    table |= {"seen": seen, "camera_on": 20, "expected": 22, "word": word}
    table |= {f"share_{name}": 1 / 7 for name in EXPRESSIONS}
    return pd.DataFrame(table)


def test_a_long_session_is_thinned_without_losing_its_shape() -> None:
    values = np.sin(np.arange(5400) / 300) * 0.3
    series = summary.thin(frame(values.tolist(), 1.0))
    assert 1000 <= len(series) <= 1300
    assert np.interp(series.seconds, np.arange(5400), values) == pytest.approx(series.valence, abs=0.01)
    assert series.step == 4.5


def test_a_short_session_is_not_thinned() -> None:
    series = summary.thin(frame([0.1] * 50))
    assert len(series) == 50
    assert series.step == 2


def test_an_empty_session_has_no_points() -> None:
    series = summary.thin(frame([]))
    assert len(series) == 0
    assert list(series.runs()) == list(series.gaps()) == []
    assert summary.middle(series) is None
    assert summary.stretches(series) == ()


@pytest.mark.parametrize(("pause", "gap"), [(10.0, False), (16.0, True), (300.0, True)])
def test_only_more_than_fifteen_seconds_make_a_gap(pause: float, gap: bool) -> None:
    table = frame([0.1] * 100)
    table.loc[50:, "seconds"] += pause - 2
    series = summary.thin(table)
    assert len(list(series.runs())) == (2 if gap else 1)
    assert list(series.gaps()) == ([(98.0, 98.0 + pause)] if gap else [])


def test_a_stretch_stands_out_only_beyond_its_interval() -> None:
    values = [0.0] * 600 + [-0.3] * 200 + [0.0] * 600
    found = summary.stretches(summary.thin(frame(values)))
    assert len(found) == 1
    assert found[0].start == pytest.approx(1200, abs=60)
    assert found[0].end == pytest.approx(1600, abs=60)
    assert found[0].change == pytest.approx(-0.3, abs=0.05)
    assert (found[0].seen, found[0].expected) == (20, 22)
    wide = frame(values)
    wide["low"], wide["high"] = wide["valence"] - 0.4, wide["valence"] + 0.4
    assert summary.stretches(summary.thin(wide)) == ()


def test_nothing_is_told_of_times_with_too_few_faces() -> None:
    values = [0.0] * 600 + [-0.3] * 200 + [0.0] * 600
    table = frame(values)
    table.loc[600:800, "word"] = "too_few"
    series = summary.thin(table)
    assert summary.stretches(series) == ()
    assert len(list(series.few_stretches())) == 1


def test_the_headline_says_what_when_and_on_how_many(store: Store) -> None:
    lecture = summary.read_lecture(store, "lecture")
    said = words.headline(lecture)
    assert re.match(
        r"From \d\d:\d\d to \d\d:\d\d faces looked less pleasant than this session’s middle; ", said
    )
    first = lecture.stretches[0]
    assert f"{first.seen} of {first.expected}" in said
    assert "90 % interval" in words.detail(lecture)
    assert "1 student left out" in words.detail(lecture)


def test_a_flat_session_is_not_dramatised() -> None:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, SETTINGS.store)
    store.begin(session())
    for step in range(200):
        calm = look(step * 5.0)
        mood = dataclasses.replace(calm.mood, valence=0.02, low=-0.05, high=0.09)
        store.add_look("lecture", dataclasses.replace(calm, mood=mood))
    store.flush()
    lecture = summary.read_lecture(store, "lecture")
    assert "much the same all session" in words.headline(lecture)
    assert "No longer stretch leaves the session’s middle" in words.detail(lecture)
    turn = Marker(300.0, MarkerKind.TURN, "Brightened", 1, -0.1, 0.3, 0.3, 0.5)
    turned = dataclasses.replace(lecture, markers=(turn,))
    assert f"but for short turns, from {words.clock(lecture, 300.0)} on" in words.headline(turned)


def test_moments_are_turns_first_then_far_marks() -> None:
    turns = [
        Marker(float(at), MarkerKind.TURN, "Dimmed", -number) for number, at in enumerate((600, 3000), 1)
    ]
    marks = [
        Marker(float(at), MarkerKind.QUESTION, f"at {at}", number)
        for number, at in enumerate((590, 1500, 5000), 1)
    ]
    assert [each.seconds for each in summary.moments([*turns, *marks])] == [600, 1500, 3000, 5000]
    many = [Marker(float(at), MarkerKind.TURN) for at in range(0, 9000, 1000)]
    assert len(summary.moments(many)) == 5


def test_where_turns_and_marks_are_few_the_stretches_are_moments() -> None:
    """Check 22: three moments, where the session has them; none is made up."""
    values = [0.0] * 600 + [-0.3] * 200 + [0.0] * 600 + [0.3] * 200 + [0.0] * 600
    apart = summary.stretches(summary.thin(frame(values)))
    assert len(apart) == 2
    turn = Marker(200.0, MarkerKind.TURN, "Dimmed", -1)
    found = summary.moments([turn], apart)
    assert [words.moment_title(each) for each in found] == ["Dimmed", "Less pleasant", "More pleasant"]
    assert words.moment_note(found[1]) == "for 7 min; 20 of 22 seen"
    inside = Marker(apart[0].seconds, MarkerKind.QUESTION, "Why?", 1)
    assert len(summary.moments([turn, inside], apart)) == 3  # that stretch has its moment
    turns = [Marker(float(at), MarkerKind.TURN, "Dimmed") for at in (100, 200, 300)]
    assert summary.moments(turns, apart) == tuple(turns)
    assert summary.moments([]) == ()


def test_turns_are_told_by_their_text_or_by_their_numbers() -> None:
    turn = Marker(60, MarkerKind.TURN, "Dimmed briefly, back within 5 min", -1, 0.1, -0.2, -0.4, -0.2)
    assert words.moment_title(turn) == "Dimmed briefly"
    assert words.moment_note(turn) == "back within 5 min"
    assert words.change(turn) == "by −0.30 (−0.40 to −0.20)"
    edited = dataclasses.replace(turn, text="the proof")
    assert words.moment_title(edited) == "Dimmed"
    assert words.moment_note(edited) == "the proof"


def test_everyone_is_in_the_strips_by_number(store: Store) -> None:
    students = summary.read_lecture(store, "lecture").students
    assert [each.student for each in students] == list(range(1, 13))
    by_number = {each.student: each for each in students}
    assert by_number[6].share == 0  # camera off
    assert by_number[4].left_out
    assert by_number[1].share > 0.9
    assert all(cell is None or 0 <= cell <= 1 for each in students for cell in each.parts)


def test_times_of_day_are_found_back(store: Store) -> None:
    lecture = summary.read_lecture(store, "lecture")
    for seconds in (0.0, 600.0, lecture.length - 1):
        found = words.seconds_at(lecture, words.clock(lecture, seconds))
        assert found is not None
        assert words.clock(lecture, found) == words.clock(lecture, seconds)
        assert 0 <= found <= lecture.length
    for wrong in ("", "99:99", "10", "03:00", "1o:20", "10:4٥"):
        assert words.seconds_at(lecture, wrong) is None


def test_one_student_against_the_own_usual(store: Store) -> None:
    series = summary.student_series(store.student_looks("lecture", student=1), SETTINGS.flags)
    found = summary.student_stretch(series, SETTINGS.mood.reading_error)
    assert found is not None
    start, end, change = found
    assert 0.4 * 1800 < start < 0.46 * 1800
    assert 0.48 * 1800 < end < 0.55 * 1800
    assert change < -0.2
    mixture = series.mixture()
    assert mixture is not None
    assert sum(mixture) == pytest.approx(1)


def test_signs_and_absences_of_a_student(store: Store) -> None:
    brow = summary.student_series(store.student_looks("lecture", student=3), SETTINGS.flags)
    assert brow.brow[np.abs(brow.seconds - 0.5 * 1800) < 60].all()
    assert not brow.brow[brow.seconds < 600].any()
    away = summary.student_series(store.student_looks("lecture", student=5), SETTINGS.flags)
    assert away.turned[np.abs(away.seconds - 0.325 * 1800) < 30].mean() > 0.8
    absent = summary.student_series(store.student_looks("lecture", student=2), SETTINGS.flags)
    assert any(kind is Presence.NO_FACE and end - start > 150 for start, end, kind in absent.absent)
    nobody = summary.student_series(store.student_looks("lecture", student=99), SETTINGS.flags)
    assert len(nobody) == 0
    assert nobody.mixture() is None
    assert summary.student_stretch(nobody, 0.1) is None


def test_daylight_saving_moves_the_label_and_not_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check 28."""
    import time
    from datetime import UTC, datetime

    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process can be set on POSIX only")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time; the clock goes back at 03:00
        night = dataclasses.replace(session(), start=start)
        clocks = [f"{summary.local_clock(night, minute * 60):%H:%M}" for minute in (0, 29, 30, 60)]
        assert clocks == ["02:30", "02:59", "02:00", "02:30"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_looks_of_a_session_are_read_once_when_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SteppedClock()
    store = open_store("sqlite://", clock, SETTINGS.store)
    running = store_lecture(store, clock, minutes=2, finish=False)
    read = store.class_looks
    asked: list[str] = []
    monkeypatch.setattr(store, "class_looks", lambda each: asked.append(each) or read(each))
    for _ in range(2):
        assert summary.read_lecture(store, running.id).looks == 23
    assert len(asked) == 2
    store.finish(running.id, running.start)
    for _ in range(2):
        assert summary.read_lecture(store, running.id).looks == 23
    assert len(asked) == 3
    store.begin(running)  # gone on with
    store.finish(running.id, running.start + timedelta(seconds=1))
    summary.read_lecture(store, running.id)
    assert len(asked) == 4
    summary.forget_ended()
    summary.read_lecture(store, running.id)
    assert len(asked) == 5


def test_one_look_that_could_not_be_read_is_no_gap_in_a_students_line(store: Store) -> None:
    looks = store.student_looks("lecture", student=8)
    looks = looks[looks["seconds"] < 600].reset_index(drop=True)
    looks["presence"] = Presence.SEEN.value
    looks.loc[20, "presence"] = Presence.NOT_READABLE.value  # five seconds
    looks.loc[60:64, "presence"] = Presence.NO_FACE.value  # twenty-five
    runs = list(summary.student_series(looks, SETTINGS.flags).runs())
    assert [(int(each[0]), int(each[-1])) for each in runs] == [(0, 59), (65, 119)]
    assert 20 not in runs[0]
