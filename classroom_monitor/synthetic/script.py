"""What happens in a synthetic class: a script in TOML, read and checked strictly."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from classroom_monitor.errors import ScriptError
from classroom_monitor.records import (
    EXPRESSIONS,
    FlagKind,
    MarkerKind,
)
from classroom_monitor.settings import configs_folder

THEMES: Final = (
    "zoom_2020",
    "zoom_mac",
    "zoom_windows",
    "zoom_new",
    "zoom_recording",
    "meet",
    "meet_2020",
    "teams",
)
#: Degrees of "away" and "down", well beyond what counts as turned away.
_TURNS: Final = {
    "away": (48.0, 0.0),
    "left": (-48.0, 0.0),
    "right": (48.0, 0.0),
    "down": (0.0, 36.0),
    "front": (0.0, 0.0),
}
_EYES: Final = {"open": 0.0, "closed": 1.0}
_BROWS: Final = {"relaxed": 0.0, "furrowed": 1.0}
_CAMERAS: Final = ("on", "off", "photo")


@dataclass(frozen=True, slots=True)
class Span:
    """A time or a length: seconds, or a share (0..1) of the session."""

    value: float
    share: bool = False

    def of(self, duration: float) -> float:
        """Seconds in a session of that length."""
        return self.value * duration if self.share else self.value


@dataclass(frozen=True, slots=True)
class Who:
    """Whom an event is about: everyone, half, a share 0..1, or student numbers."""

    share: float = 1.0
    students: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a script. What is None is left as it was. length None: until something else says so.

    turn: degrees to the side and down. eyes: 1 is closed. brow: 1 is furrowed. shuffle: 0 for once, else
    seconds between shuffles. rename: what the labels say then, with the number where it is about
    several. share: the teacher's slides fill the picture.
    """

    at: Span
    length: Span | None = None
    who: Who = Who()
    expression: int | None = None
    strength: float = 0.9
    turn: tuple[float, float] | None = None
    eyes: float | None = None
    brow: float | None = None
    camera: str | None = None
    page: int | None = None
    join: bool = False
    leave: bool = False
    shuffle: float | None = None
    popup: str | None = None
    rename: str | None = None
    share: bool = False
    marker: MarkerKind | None = None
    flag: FlagKind | None = None
    moment: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A scripted class. noise: of the cameras, in grey levels; much of it comes with little light.

    variety: share of the students who sit before their cameras as people do: filmed upright by a phone, two
    together, low in the picture or half beside it. panel: a chat beside the tiles.
    """

    name: str
    students: int
    minutes: float
    theme: str
    columns: int
    noise: float
    loop: bool
    teacher: bool
    variety: float
    panel: bool
    events: tuple[Event, ...]


def rehearsals() -> tuple[str, ...]:
    """The names of the built-in scripts."""
    return tuple(sorted(file.stem for file in (configs_folder() / "rehearsals").glob("*.toml")))


def read_script(source: str | Path) -> Script:
    """Reads a script: the name of a built-in one, or a TOML file.

    Raises ScriptError, whose one line names file, event and remedy.
    """
    file = Path(source)
    plain = str(source).strip().lower().replace("-", "_").replace(" ", "_")
    built_in = configs_folder() / "rehearsals" / f"{plain}.toml"
    if file.suffix != ".toml" and not file.is_file():
        if not built_in.is_file() or built_in.parent != (configs_folder() / "rehearsals"):
            near = difflib.get_close_matches(plain, rehearsals(), 1)
            hint = (
                f"did you mean {near[0]!r}?"
                if near
                else f"give a TOML file or one of: {', '.join(rehearsals())}"
            )
            raise ScriptError(f"no script {str(source)!r}; {hint}")
        file = built_in
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as problem:
        raise ScriptError(f"{file}: cannot be read ({problem.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise ScriptError(f"{file.name}: is not a text file in UTF-8") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ScriptError(f"{file.name}: is not valid TOML: {problem}") from None
    return _script(values, file)


_CLASS_KEYS: Final = (
    "students",
    "minutes",
    "theme",
    "columns",
    "noise",
    "loop",
    "teacher",
    "variety",
    "panel",
)
_EVENT_KEYS: Final = (
    "at", "for", "who", "expression", "strength", "turn", "eyes", "brow", "camera", "page", "join", "leave",
    "shuffle", "popup", "rename", "share", "marker", "flag", "moment",
)  # fmt: skip


def _known(values: dict[str, Any], keys: Sequence[str], where: str) -> None:
    for key in values:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(keys)}"
            raise ScriptError(f"{where}: unknown key {key}; {hint}")


def _number(value: Any, low: float, high: float, where: str, whole: bool = False) -> float:
    kind = "whole number" if whole else "number"
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise ScriptError(f"{where} = {value!r} must be a {kind} from {low:g} to {high:g}")
    if not low <= value <= high:
        raise ScriptError(f"{where} = {value!r} is out of range; allowed: {low:g} to {high:g}")
    return value


def _word(value: Any, words: Sequence[str], where: str) -> str:
    if not isinstance(value, str) or value not in words:
        near = difflib.get_close_matches(str(value), words, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(words)}"
        raise ScriptError(f"{where} = {value!r} is not known; {hint}")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ScriptError(f"{where} = {value!r} must be true or false")
    return value


def _span(value: Any, where: str) -> Span:
    if isinstance(value, str):
        digits = value.removesuffix("%").strip()
        try:
            share = float(digits) / 100 if value.endswith("%") else math.nan
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            raise ScriptError(f'{where} = {value!r} must be seconds or a share of the session such as "50 %"')
        return Span(share, True)
    return Span(float(_number(value, 0, 1e6, where)))


def _student(value: Any, where: str) -> int:
    text = value[1:] if isinstance(value, str) and value[:1] in ("S", "s") else value
    if isinstance(text, str) and text.isascii() and text.isdigit():
        text = int(text)
    if isinstance(text, bool) or not isinstance(text, int) or not 1 <= text <= 999:
        raise ScriptError(f'{where} = {value!r} is no student; write a number from 1, or "S03"')
    return text


def _who(value: Any, where: str) -> Who:
    if value == "all":
        return Who()
    if value == "half":
        return Who(0.5)
    if isinstance(value, str) and value[:1] in ("S", "s") and value[1:].isdigit():
        return Who(0.0, (_student(value, where),))
    if isinstance(value, list) and value:
        return Who(0.0, tuple(_student(each, where) for each in value))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1:
        return Who(float(value))
    raise ScriptError(
        f'{where} = {value!r} must be "all", "half", a share such as 0.3, or ids such as ["S03", "S07"]'
    )


def _script(values: dict[str, Any], file: Path) -> Script:
    name = file.name
    _known(values, ("class", "event"), name)
    told = values.get("class", {})
    if not isinstance(told, dict):
        raise ScriptError(f"{name}: class is a section; write [class]")
    where = f"{name}: class"
    _known(told, _CLASS_KEYS, where)
    events = values.get("event", [])
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        raise ScriptError(f"{name}: events are written as [[event]]")
    return Script(
        name=file.stem,
        students=int(_number(told.get("students", 25), 1, 200, f"{where}.students", whole=True)),
        minutes=float(_number(told.get("minutes", 10), 0.05, 1000, f"{where}.minutes")),
        theme=_word(told.get("theme", "zoom_mac"), THEMES, f"{where}.theme"),
        columns=int(_number(told.get("columns", 0), 0, 10, f"{where}.columns", whole=True)),
        noise=float(_number(told.get("noise", 2.0), 0, 40, f"{where}.noise")),
        loop=_flag(told.get("loop", False), f"{where}.loop"),
        teacher=_flag(told.get("teacher", False), f"{where}.teacher"),
        variety=float(_number(told.get("variety", 0.0), 0, 1, f"{where}.variety")),
        panel=_flag(told.get("panel", False), f"{where}.panel"),
        events=tuple(_event(each, f"{name}: event {number}") for number, each in enumerate(events, 1)),
    )


def _event(told: dict[str, Any], where: str) -> Event:
    _known(told, _EVENT_KEYS, where)
    if "at" not in told:
        raise ScriptError(f'{where}: has no time; add at = seconds, or at = "50 %"')
    if len(told.keys() - {"at", "for", "who", "strength"}) == 0:
        raise ScriptError(f"{where}: says nothing; add for example expression, camera, turn or marker")
    if "strength" in told and "expression" not in told:
        raise ScriptError(
            f"{where}: strength belongs to an expression; add expression = one of {', '.join(EXPRESSIONS)}"
        )
    turn = told.get("turn")
    if isinstance(turn, str):
        turned = _TURNS[_word(turn, tuple(_TURNS), f"{where}: turn")]
    elif turn is not None:
        turned = (float(_number(turn, -90, 90, f"{where}: turn")), 0.0)
    shuffle: float | None = None
    if told.get("shuffle") not in (None, False):
        again = told["shuffle"]
        shuffle = 0.0 if again is True else float(_number(again, 1, 3600, f"{where}: shuffle"))
    popup = told.get("popup")
    if popup is not None and not isinstance(popup, (bool, str)):
        raise ScriptError(f"{where}: popup = {popup!r} must be true or its text")
    text = ("Zoom Meeting" if popup is True else popup) if popup else None
    rename = told.get("rename")
    if rename is not None and not (isinstance(rename, str) and rename.strip()):
        raise ScriptError(f"{where}: rename = {rename!r} must be the new name")
    share = told.get("share")
    if share is not None and not isinstance(share, (bool, str)):
        raise ScriptError(f"{where}: share = {share!r} must be true or false")
    flag, marker = told.get("flag"), told.get("marker")
    kinds = tuple(kind.value for kind in FlagKind)
    marks = tuple(kind.value for kind in MarkerKind if kind is not MarkerKind.TURN)
    return Event(
        at=_span(told["at"], f"{where}: at"),
        length=_span(told["for"], f"{where}: for") if "for" in told else None,
        who=_who(told["who"], f"{where}: who") if "who" in told else Who(),
        expression=(
            EXPRESSIONS.index(_word(told["expression"], EXPRESSIONS, f"{where}: expression"))
            if "expression" in told
            else None
        ),
        strength=float(_number(told.get("strength", 0.9), 0, 1, f"{where}: strength")),
        turn=None if turn is None else turned,
        eyes=_level(told.get("eyes"), _EYES, f"{where}: eyes"),
        brow=_level(told.get("brow"), _BROWS, f"{where}: brow"),
        camera=_word(told["camera"], _CAMERAS, f"{where}: camera") if "camera" in told else None,
        page=int(_number(told["page"], 1, 50, f"{where}: page", whole=True)) if "page" in told else None,
        join=_flag(told.get("join", False), f"{where}: join"),
        leave=_flag(told.get("leave", False), f"{where}: leave"),
        shuffle=shuffle,
        popup=text,
        rename=rename,
        share=bool(share),
        marker=MarkerKind(_word(marker, marks, f"{where}: marker")) if marker is not None else None,
        flag=FlagKind(_word(flag, kinds, f"{where}: flag")) if flag is not None else None,
        moment=_flag(told.get("moment", False), f"{where}: moment"),
    )


def _level(value: Any, words: dict[str, float], where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):
        return words[_word(value, tuple(words), where)]
    return float(_number(value, 0, 1, where))


#: A variant has from .. to so many times the students and the minutes, and all events shifted by up to this
#: share of the session.
_VARIES, _SHIFTS = (0.8, 1.25), 0.02


def vary(script: Script, seed: int) -> Script:
    """A variant of a script: a class larger or smaller, a session longer or shorter, all events a little
    earlier or later, and other students in the places of those it names. The same seed gives the same one.
    """
    rng = np.random.default_rng([seed, 0xA17])
    named = max((student for each in script.events for student in each.who.students), default=1)
    students = max(named, math.floor(script.students * rng.uniform(*_VARIES)))
    stretch, shift = rng.uniform(*_VARIES), rng.uniform(-_SHIFTS, _SHIFTS)
    others = rng.permutation(students) + 1

    def moved(at: Span) -> Span:
        by = shift if at.share else shift * 60 * script.minutes
        return Span(max(0.0, at.value + by), at.share) if at.value > abs(by) else at

    events = tuple(
        replace(
            each,
            at=moved(each.at),
            who=replace(each.who, students=tuple(int(others[student - 1]) for student in each.who.students)),
        )
        for each in script.events
    )
    # Times in seconds stay what they are, so such a session cannot be made shorter.
    fixed = any(not each.at.share and each.at.value > 0 for each in script.events)
    minutes = script.minutes if fixed else script.minutes * stretch
    return replace(script, students=students, minutes=minutes, events=events)
