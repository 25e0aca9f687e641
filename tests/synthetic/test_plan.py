"""A script becomes the same plan again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classroom_monitor.errors import ScriptError
from classroom_monitor.records import EXPRESSIONS, FlagKind, MarkerKind
from classroom_monitor.synthetic.plan import RAMP, Plan, default_coordinates
from classroom_monitor.synthetic.script import Script, read_script

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def script(folder: Path, text: str) -> Script:
    file = folder / "one.toml"
    file.write_text(text, encoding="utf-8")
    return read_script(file)


def test_who_is_chosen_and_for_how_long(tmp_path: Path) -> None:
    read = script(
        tmp_path,
        """
        [class]
        students = 20
        minutes = 10
        [[event]]
        at = "50 %"
        for = 60
        who = ["S03", 4, "S99"]
        expression = "sad"
        strength = 0.9
        flag = "lower"
        [[event]]
        at = 60
        for = 60
        who = 0.25
        camera = "off"
        """,
    )
    plan = Plan(read, seed=3)
    assert [(f.student, f.kind, f.start, f.end) for f in plan.flags] == [
        (3, FlagKind.LOWER, 300, 360),
        (4, FlagKind.LOWER, 300, 360),
    ]
    during = [plan.acting(s, 330).expression[SAD] for s in range(1, 21)]
    assert min(during[2], during[3]) > 0.85
    assert max(during[:2] + during[4:]) < 0.5
    assert plan.acting(3, 370).expression[SAD] < 0.5
    off = [s for s in range(1, 21) if plan.acting(s, 90).camera == "off"]
    assert len(off) == 5
    assert off != [s for s in range(1, 21) if Plan(read, seed=4).acting(s, 90).camera == "off"]
    assert not [s for s in range(1, 21) if plan.acting(s, 121).camera == "off"]


def test_half_and_a_later_event_wins() -> None:
    plan = Plan(read_script("split_class"), students=10)
    seconds = 0.5 * plan.duration
    glad = [plan.acting(s, seconds).expression[HAPPY] > 0.5 for s in range(1, 11)]
    glum = [plan.acting(s, seconds).expression[SAD] > 0.5 for s in range(1, 11)]
    assert sum(glad) == sum(glum) == 5


def test_states_change_smoothly_and_are_mixtures(tmp_path: Path) -> None:
    plan = Plan(script(tmp_path, "[[event]]\nat = 100\nexpression = 'happy'\nstrength = 1.0"), students=1)
    steps = [plan.acting(1, 100 + t).expression for t in np.linspace(-0.1, RAMP + 0.1, 40)]
    assert all(sum(p) == pytest.approx(1) for p in steps)
    rises = np.diff([p[HAPPY] for p in steps])
    assert rises.min() >= -1e-9
    assert rises.max() < 0.1
    assert steps[-1][HAPPY] == pytest.approx(1)
    middle = plan.acting(1, 101)
    assert middle.valence == pytest.approx(np.dot(middle.expression, default_coordinates()))


def test_turn_eyes_and_brow_become_cues(tmp_path: Path) -> None:
    plan = Plan(
        script(
            tmp_path,
            """
            [[event]]
            at = 10
            for = 20
            turn = "away"
            eyes = "closed"
            brow = 0.7
            """,
        ),
        students=1,
    )
    cues = plan.acting(1, 20).cues
    assert cues.head_turn == pytest.approx(48, abs=0.01)
    assert cues.eyes_closed == pytest.approx(1)
    assert cues.brow_furrow == pytest.approx(0.7, abs=0.25)
    assert plan.acting(1, 5).cues.eyes_closed == plan.acting(1, 40).cues.eyes_closed == 0


def test_joining_leaving_shuffling_and_pages(tmp_path: Path) -> None:
    plan = Plan(
        script(
            tmp_path,
            """
            [class]
            students = 12
            [[event]]
            at = 10
            for = 10
            who = [2]
            leave = true
            [[event]]
            at = 30
            who = [5]
            join = true
            [[event]]
            at = 40
            for = 20
            shuffle = 5
            [[event]]
            at = 50
            for = 5
            page = 2
            """,
        )
    )
    everyone = tuple(range(1, 13))
    assert plan.order(5) == tuple(s for s in everyone if s != 5)
    assert 2 not in plan.order(15)
    assert plan.order(35) == everyone
    orders = {plan.order(t) for t in (41, 46, 51, 56)}
    assert len(orders) == 4
    assert all(sorted(order) == list(everyone) for order in orders)
    assert plan.order(100) == plan.order(60)
    assert [plan.page(t) for t in (45, 52, 56)] == [1, 2, 1]
    assert plan.per_page == 6


def test_what_overlays_the_call_and_the_markers(tmp_path: Path) -> None:
    plan = Plan(
        script(
            tmp_path,
            """
            [[event]]
            at = 10
            popup = "Hello"
            [[event]]
            at = 20
            for = 10
            share = true
            [[event]]
            at = 40
            marker = "question"
            moment = true
            """,
        )
    )
    assert [plan.popup(t) for t in (9, 11, 30)] == [None, "Hello", None]
    assert [plan.shared(t) for t in (19, 21, 31)] == [False, True, False]
    assert [(m.seconds, m.kind, m.by) for m in plan.markers] == [(40, MarkerKind.QUESTION, "teacher")]
    assert plan.moments == (40,)


def test_class_wide_changes_are_listed_with_their_size() -> None:
    changes = Plan(read_script("sad_film")).changes
    assert changes[0].seconds == pytest.approx(270)
    assert changes[0].after < -0.4 < -0.2 < changes[0].before


def test_minutes_stretch_a_script_and_end_it() -> None:
    plan = Plan(read_script("sad_film"), minutes=5)
    assert plan.moments == (90,)
    assert not plan.ended(299.9)
    assert plan.ended(300)


def test_a_looping_script_goes_on_until_minutes_are_given() -> None:
    read = read_script("demo")
    plan = Plan(read)
    assert not plan.ended(1e7)
    assert plan.acting(4, 100) == plan.acting(4, 100 + plan.duration)
    short = Plan(read, minutes=2)
    assert short.ended(120)
    assert short.acting(4, 100) == plan.acting(4, 100)


def test_the_same_seed_is_the_same_class_and_another_is_not() -> None:
    read = read_script("calm_class")
    one, same, other = Plan(read, seed=5), Plan(read, seed=5), Plan(read, seed=6)
    assert [one.acting(s, 333.3) for s in range(1, 31)] == [same.acting(s, 333.3) for s in range(1, 31)]
    assert [one.acting(s, 333.3) for s in range(1, 31)] != [other.acting(s, 333.3) for s in range(1, 31)]


@pytest.mark.parametrize(("students", "minutes"), [(0, None), (201, None), (None, 0.0), (None, 5000.0)])
def test_a_class_out_of_range_is_refused(students: int | None, minutes: float | None) -> None:
    with pytest.raises(ScriptError, match="out of range"):
        Plan(read_script("calm_class"), students=students, minutes=minutes)
