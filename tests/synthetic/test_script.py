"""Scripts are read strictly, and vary with a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classroom_monitor.errors import ScriptError
from classroom_monitor.records import EXPRESSIONS
from classroom_monitor.synthetic.plan import Plan
from classroom_monitor.synthetic.script import Script, read_script, rehearsals, vary

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
