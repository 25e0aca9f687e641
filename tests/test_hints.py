"""Pace hints on stepped times: when they come, what they say, and how seldom."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classroom_monitor.hints import APART, DIP, LEARN, RISEN_FOR, STILL_FOR, PaceHints
from classroom_monitor.records import (
    ClassMood,
    ClassWord,
    Hint,
    HintKind,
    Marker,
    MarkerKind,
    Presence,
    StudentState,
    Trend,
)
from classroom_monitor.settings import load_settings

SETTINGS = load_settings().flags


@dataclass
class Room:
    """Twenty students; at each look a third of them has landmarks read."""

    hints: PaceHints = field(default_factory=lambda: PaceHints(SETTINGS))
    seconds: float = 0.0
    students: int = 20
    valence: float = 0.0
    looks: int = 0
    given: list[Hint] = field(default_factory=list)

    def run(
        self, lasts: float, brow: int = 0, turned: int = 0, swing: float = 0.0, every: float = 2.0
    ) -> Room:
        """So long, with furrowed brows on the first so many and heads turned on the last so many."""
        end = self.seconds + lasts
        while self.seconds < end:
            states = []
            for number in range(self.students):
                read = (number + self.looks) % 3 == 0
                states.append(
                    StudentState(
                        number + 1,
                        Presence.SEEN,
                        head_turn=(60.0 if number >= self.students - turned else 2.0) if read else None,
                        eyes_closed=0.0 if read else None,
                        brow_furrow=(0.7 if number < brow else 0.0) if read else None,
                    )
                )
            valence = self.valence + (swing if self.looks % 60 < 30 else -swing)
            word = ClassWord.MOSTLY_NEUTRAL
            mood = ClassMood(valence, valence, valence, 0.1, 20, 20, 20, word, Trend.STEADY, None)
            hint = self.hints.update(self.seconds, states, mood)
            if hint is not None:
                self.given.append(hint)
            self.looks += 1
            self.seconds += every
        return self


def lively(**told: int) -> Room:
    """A class whose valence moves, so that nothing is said about its being still."""
    return Room().run(LEARN + 20, swing=0.2, **told)


def test_furrowed_brows_on_many_faces_for_a_minute_ask_to_slow_down() -> None:
    room = lively(brow=2).run(RISEN_FOR - 10, brow=9, swing=0.2)
    assert not room.given
    room.run(30, brow=9, swing=0.2)
    (hint,) = room.given
    assert hint.kind is HintKind.SLOW_DOWN
    assert hint.number == 1
    assert hint.seconds - hint.since == pytest.approx(RISEN_FOR, abs=3)
    assert hint.text == (
        "Brow furrowed on 9 of 20 faces for 60 s. Usual for this class: 2. Slow down or check in?"
    )


def test_heads_turned_away_are_worded_so() -> None:
    assert lively().run(100, turned=8, swing=0.2).given[0].text.startswith("Turned away: 8 of 20 faces for")


def test_both_are_counted_together() -> None:
    text = lively().run(100, brow=4, turned=4, swing=0.2).given[0].text
    assert text.startswith("Brow furrowed or turned away: 8 of 20 faces for")


def test_what_is_usual_for_the_class_is_no_hint() -> None:
    assert not lively(brow=9).run(600, brow=9, swing=0.2).given


def test_a_few_more_are_no_hint() -> None:
    assert not lively(brow=2).run(600, brow=4, swing=0.2).given


def test_a_short_rise_is_no_hint() -> None:
    room = lively()
    for _ in range(5):
        room.run(30, brow=9, swing=0.2).run(60, swing=0.2)
    assert not room.given


def test_not_before_the_usual_is_known() -> None:
    assert not Room().run(50, brow=9, swing=0.2).given


def test_never_more_than_one_in_five_minutes() -> None:
    room = lively().run(4000, brow=9, swing=0.2)
    times = [hint.seconds for hint in room.given]
    assert len(times) > 2
    assert min(later - earlier for earlier, later in pairwise(times)) >= APART
    assert [hint.number for hint in room.given] == list(range(1, len(times) + 1))


def test_a_class_in_which_nothing_moves_may_be_asked_to_go_on_faster() -> None:
    room = Room().run(STILL_FOR - 20)
    assert not room.given
    room.run(40)
    (hint,) = room.given
    assert hint.kind is HintKind.PICK_UP
    assert hint.text == (
        "For 10 min 20 of 20 faces look steady and the class has hardly changed. Pick up the pace?"
    )
    assert len(room.run(600).given) == 1


def test_a_class_that_moves_is_not() -> None:
    assert not Room().run(2 * STILL_FOR, swing=0.1).given


@pytest.mark.parametrize("kind", [MarkerKind.BREAK, MarkerKind.EXERCISE])
def test_there_is_none_in_a_break_or_an_exercise(kind: MarkerKind) -> None:
    room = lively()
    room.hints.mark(Marker(room.seconds, kind))
    assert not room.run(300, turned=15, swing=0.2).given
    room.hints.mark(Marker(room.seconds, MarkerKind.EXPLAINING))
    assert room.run(100, turned=15, swing=0.2).given


def test_nothing_is_held_across_a_gap() -> None:
    room = lively().run(20, brow=9, swing=0.2)
    room.seconds += 3600
    assert not room.run(20, brow=9, swing=0.2).given
    assert room.run(60, brow=9, swing=0.2).given


def test_with_few_faces_nothing_is_said() -> None:
    room = Room(students=4).run(LEARN + 20)
    assert not room.run(1000, brow=3).given


def test_a_look_that_is_not_later_changes_nothing() -> None:
    room = lively().run(RISEN_FOR + 1, brow=9, swing=0.2)
    at = room.seconds - 2
    state = StudentState(1, Presence.SEEN, head_turn=0.0, eyes_closed=0.0, brow_furrow=0.0)
    mood = ClassMood(0, 0, 0, 0, 20, 20, 20, ClassWord.MOSTLY_NEUTRAL, Trend.STEADY, None)
    assert room.hints.update(at, [state], mood) is None
    assert room.hints.update(at - 100, [state], mood) is None
    assert room.run(10, brow=9, swing=0.2).given


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 300), st.integers(0, 20), st.integers(0, 20), st.sampled_from([0.5, 2.0, 20.0])
        ),
        max_size=15,
    )
)
def test_whatever_comes_hints_are_seldom(steps: list[tuple[int, int, int, float]]) -> None:
    room = Room()
    for lasts, brow, turned, every in steps:
        room.run(lasts, brow, turned, every=every)
    times = [hint.seconds for hint in room.given]
    assert all(later - earlier >= APART for earlier, later in pairwise(times))
    assert all(hint.since <= hint.seconds for hint in room.given)


def test_a_short_dip_does_not_interrupt_a_rise_and_a_long_one_does() -> None:
    assert lively().run(40, brow=9, swing=0.2).run(10, swing=0.2).run(30, brow=9, swing=0.2).given
    room = lively().run(40, brow=9, swing=0.2).run(DIP + 14, swing=0.2)
    assert not room.run(RISEN_FOR - 10, brow=9, swing=0.2).given
