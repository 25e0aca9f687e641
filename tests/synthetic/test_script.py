"""Scripts are read strictly, and become the same plan again and again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classroom_monitor.errors import ScriptError
from classroom_monitor.records import EXPRESSIONS, FlagKind, MarkerKind
from classroom_monitor.synthetic.script import (
    RAMP,
    Plan,
    Script,
    default_coordinates,
    read_script,
    rehearsals,
    vary,
)

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def script(folder: Path, text: str) -> Script:
    file = folder / "one.toml"
    file.write_text(text, encoding="utf-8")
    return read_script(file)


@pytest.mark.parametrize("name", rehearsals())
def test_every_built_in_script_is_read_and_plays(name: str) -> None:
    plan = Plan(read_script(name))
    for seconds in np.linspace(0, plan.duration - 1, 7):
        assert len(plan.order(seconds)) <= plan.students
        assert plan.valence(seconds) is not None


def test_the_rehearsals_of_the_contract_are_there() -> None:
    wanted = {"calm_class", "slow_fade", "shared_laughter", "sad_film", "split_class", "one_student_drops"}
    assert wanted | {"camera_offs", "reflow", "bad_light", "break", "demo"} <= set(rehearsals())
    assert read_script("Calm class") == read_script("calm_class")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[class]\nstudent = 3", "unknown key student; did you mean students?"),
        ("[class]\nstudents = 0", "students = 0 is out of range; allowed: 1 to 200"),
        ("[class]\nstudents = 2.5", "must be a whole number"),
        ("[class]\nminutes = true", "must be a number"),
        ('[class]\ntheme = "zom_mac"', "did you mean 'zoom_mac'?"),
        ("class = 3", "write [class]"),
        ("event = 3", "[[event]]"),
        ("[clas]", "unknown key clas"),
        ("[[event]]\nexpression = 'sad'", "event 1: has no time"),
        ("[[event]]\nat = 3", "says nothing"),
        ("[[event]]\nat = '50'\npopup = true", 'a share of the session such as "50 %"'),
        ("[[event]]\nat = '150 %'\npopup = true", "event 1: at"),
        ("[[event]]\nat = -1\npopup = true", "out of range"),
        ("[[event]]\nat = nan\npopup = true", "out of range"),
        (
            "[[event]]\nat = 1\npopup = true\n[[event]]\nat = 1\nexpresion = 'sad'",
            "event 2: unknown key expresion",
        ),
        ("[[event]]\nat = 1\nexpression = 'glad'", "expression = 'glad' is not known"),
        ("[[event]]\nat = 1\nstrength = 0.5\nturn = 4", "strength belongs to an expression"),
        ("[[event]]\nat = 1\nexpression = 'sad'\nstrength = 2", "strength = 2 is out of range"),
        ("[[event]]\nat = 1\nwho = 'some'\nturn = 3", 'must be "all", "half", a share'),
        ("[[event]]\nat = 1\nwho = 1.5\nturn = 3", "who = 1.5"),
        ("[[event]]\nat = 1\nwho = ['X3']\nturn = 3", "is no student"),
        ("[[event]]\nat = 1\nturn = 'sideways'", "turn = 'sideways' is not known"),
        ("[[event]]\nat = 1\nturn = 200", "out of range"),
        ("[[event]]\nat = 1\neyes = 3", "eyes = 3 is out of range"),
        ("[[event]]\nat = 1\ncamera = 'of'", "did you mean 'off'?"),
        ("[[event]]\nat = 1\npage = 0", "page = 0 is out of range"),
        ("[[event]]\nat = 1\njoin = 1", "join = 1 must be true or false"),
        ("[[event]]\nat = 1\nshuffle = 0.1", "shuffle = 0.1 is out of range"),
        ("[[event]]\nat = 1\npopup = 3", "popup = 3"),
        ("[[event]]\nat = 1\nshare = 3", "share = 3"),
        ("[[event]]\nat = 1\nmarker = 'turn'", "marker = 'turn' is not known"),
        ("[[event]]\nat = 1\nflag = 'low'", "flag = 'low' is not known; did you mean 'lower'?"),
        ("[[event]]\nat = 1\nmoment = 2", "moment = 2 must be true or false"),
        ("[[event", "is not valid TOML"),
    ],
)
def test_a_mistake_gets_one_line_with_file_event_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScriptError) as raised:
        script(tmp_path, text)
    line = str(raised.value)
    assert said in line
    assert "one.toml" in line
    assert "\n" not in line


def test_a_script_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="did you mean 'sad_film'"):
        read_script("sad_filn")
    with pytest.raises(ScriptError, match="cannot be read"):
        read_script(tmp_path / "none.toml")
    with pytest.raises(ScriptError, match=r"no script '\.\./default'"):
        read_script("../default")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScriptError, match="not a text file"):
        read_script(tmp_path / "bytes.toml")


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


@pytest.mark.parametrize(
    "values", [{"students": 0}, {"students": 201}, {"minutes": 0.0}, {"minutes": 5000.0}]
)
def test_a_class_out_of_range_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ScriptError, match="out of range"):
        Plan(read_script("calm_class"), **values)  # type: ignore[arg-type]


def test_a_variant_has_another_size_length_times_and_students() -> None:
    told = read_script("one_student_drops")
    variants = [vary(told, seed) for seed in range(1, 17)]
    assert vary(told, 3) == variants[2]
    assert len({each.students for each in variants}) > 3
    assert len({each.minutes for each in variants}) == 16
    assert len({each.events[0].at for each in variants}) == 16
    assert len({each.events[0].who for each in variants}) > 3
    for each in variants:
        plan = Plan(each, seed=1)
        assert len(plan.flags) == len(told.events)
        assert len({flag.student for flag in plan.flags}) == len({event.who for event in told.events})


@pytest.mark.parametrize("name", rehearsals())
@pytest.mark.parametrize("seed", [1, 2])
def test_a_variant_keeps_what_its_script_expects(name: str, seed: int) -> None:
    told, varied = read_script(name), Plan(vary(read_script(name), seed))
    plan = Plan(told)
    assert (len(varied.flags), len(varied.moments)) == (len(plan.flags), len(plan.moments))
    assert [marker.kind for marker in varied.markers] == [marker.kind for marker in plan.markers]
