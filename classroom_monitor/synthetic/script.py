"""What happens in a synthetic class: a script in TOML, and the plan it becomes for one class and seed.

`read_script` reads and checks a script; `Plan` says who is there, how everyone looks and what the call
shows at any second. The same script, students, seed and length give the same plan.
"""

from __future__ import annotations

import bisect
import difflib
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import ScriptError
from classroom_monitor.records import (
    EXPRESSIONS,
    Cues,
    FlagKind,
    Marker,
    MarkerKind,
    Probabilities,
    TileState,
)
from classroom_monitor.settings import configs_folder, load_settings

Values = NDArray[np.float64]

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
#: What a gallery shows at once, as in the calls of today.
PER_PAGE: Final = 49
#: Seconds from one state to the next: faces do not jump.
RAMP: Final = 2.0
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


@dataclass(frozen=True, slots=True)
class Acting:
    """How one student is at one second. present: in the call at all. expression: the true mixture."""

    present: bool
    camera: str
    expression: Probabilities
    yaw: float
    pitch: float
    eyes: float
    brow: float
    valence: float

    @property
    def cues(self) -> Cues:
        """The true cues, to be set against the usual ones."""
        turned = math.degrees(
            math.acos(math.cos(math.radians(self.yaw)) * math.cos(math.radians(self.pitch)))
        )
        # Angry and disgusted faces furrow the brow of themselves.
        angry, disgust = (
            self.expression[EXPRESSIONS.index("angry")],
            self.expression[EXPRESSIONS.index("disgust")],
        )
        brow = min(1.0, self.brow + angry + 0.7 * disgust)
        return Cues(head_turn=turned, eyes_closed=self.eyes, brow_furrow=brow)

    @property
    def state(self) -> TileState:
        """What their tile shows."""
        return {"on": TileState.FACE, "off": TileState.CAMERA_OFF, "photo": TileState.PHOTO}[self.camera]


@dataclass(frozen=True, slots=True)
class ExpectedFlag:
    """A student of whom the script expects a flag, from when to when."""

    student: int
    kind: FlagKind
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Change:
    """A scripted change of at least half the class, with the true mean valence before and after."""

    seconds: float
    before: float
    after: float


# --- Reading --------------------------------------------------------------------------------------------


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


# --- The plan -------------------------------------------------------------------------------------------

_NEUTRAL: Final = EXPRESSIONS.index("neutral")
# Channels of a student: the seven, then yaw, pitch, eyes, brow.
_CHANNELS: Final = len(EXPRESSIONS) + 4


def default_coordinates() -> tuple[float, ...]:
    """The valence of each expression by the product's own default settings."""
    return load_settings(configs_folder() / "default.toml").mood.valence.coordinates()


class _Track:
    """A student's channels over time: targets, each reached by a smooth ramp."""

    def __init__(self, changes: list[tuple[float, Values]]) -> None:
        changes.sort(key=lambda change: change[0])
        self.times = [time for time, _ in changes]
        self.targets = [target for _, target in changes]
        self.starts = [changes[0][1]]
        for index in range(1, len(changes)):
            self.starts.append(self._value(index - 1, self.times[index]))

    def _value(self, index: int, seconds: float) -> Values:
        t = min(1.0, max(0.0, (seconds - self.times[index]) / RAMP))
        eased = t * t * (3 - 2 * t)
        return self.starts[index] + (self.targets[index] - self.starts[index]) * eased

    def settled(self, seconds: float) -> bool:
        """Whether the last ramp is over."""
        return seconds - self.times[max(0, bisect.bisect_right(self.times, seconds) - 1)] >= RAMP

    def at(self, seconds: float) -> Values:
        index = max(0, bisect.bisect_right(self.times, seconds) - 1)
        return self._value(index, seconds)


class Plan:
    """A script made definite: for so many students, a seed and a length.

    students: numbers count from 1. duration: seconds; `ends` tells whether the class is over then (a script
    that loops goes on from its start). flags, markers, moments, changes: what the script expects, in seconds
    of its first round.
    """

    def __init__(
        self, script: Script, students: int | None = None, seed: int = 1, minutes: float | None = None
    ) -> None:
        self.script = script
        self.students = script.students if students is None else students
        if not 1 <= self.students <= 200:
            raise ScriptError(f"{self.students} students are out of range; allowed: 1 to 200")
        if minutes is not None and not 0.05 <= minutes <= 1000:
            raise ScriptError(f"{minutes:g} minutes are out of range; allowed: 0.05 to 1000")
        self.seed = seed
        self.duration = 60 * (script.minutes if script.loop or minutes is None else minutes)
        self.end = math.inf if script.loop and minutes is None else 60 * (minutes or script.minutes)
        self._last: tuple[float, tuple[Acting, ...]] | None = None
        self._still: dict[int, tuple[tuple[int, int], Acting]] = {}
        self._coordinates = np.asarray(default_coordinates())
        self._timed = [
            (each, each.at.of(self.duration), self._until(each), self._chosen(number, each.who))
            for number, each in enumerate(script.events)
        ]
        self._edges = sorted({time for _, start, end, _ in self._timed for time in (start, end)})
        self._tracks = [self._track(student) for student in range(1, self.students + 1)]
        self._orders = self._shuffles()
        self.markers = tuple(
            Marker(start, each.marker)
            for each, start, _, _ in self._timed
            if each.marker and start < self.duration
        )
        self.flags = tuple(
            ExpectedFlag(student, each.flag, start, min(end, self.duration))
            for each, start, end, chosen in self._timed
            if each.flag and start < self.duration
            for student in sorted(chosen)
        )
        self.moments = tuple(sorted(s for each, s, _, _ in self._timed if each.moment and s < self.duration))
        self.changes = self._find_changes()
        pages = [each.page for each in script.events if each.page]
        per_page = min(PER_PAGE, script.columns**2) if script.columns else PER_PAGE
        heads = self.students + script.teacher
        if pages and max(pages) > math.ceil(heads / per_page):
            per_page = max(1, math.ceil(heads / max(pages)))
        self.per_page = per_page

    def ended(self, seconds: float) -> bool:
        """Whether the class is over."""
        return seconds >= self.end

    def acting(self, student: int, seconds: float) -> Acting:
        """How a student is at a second."""
        return self._all(seconds)[student - 1]

    def _all(self, seconds: float) -> tuple[Acting, ...]:
        """Everyone at a second; the last one asked for is kept, as a frame asks many times."""
        if self._last is None or self._last[0] != seconds:
            acts = tuple(self._act(student, seconds) for student in range(1, self.students + 1))
            self._last = (seconds, acts)
        return self._last[1]

    def _act(self, student: int, seconds: float) -> Acting:
        """Between two events and two small looks nothing changes, so that the last is kept."""
        local, track = self._local(seconds), self._tracks[student - 1]
        part = bisect.bisect_right(track.times, local), bisect.bisect_right(self._edges, local)
        kept = self._still.get(student)
        if kept is not None and kept[0] == part:
            return kept[1]
        act = self._act_at(student, local)
        if track.settled(local):
            self._still[student] = part, act
        return act

    def _act_at(self, student: int, local: float) -> Acting:
        values = self._tracks[student - 1].at(local)
        mixture = np.clip(values[:7], 0, None)
        mixture = mixture / mixture.sum()
        present, camera = True, "on"
        joins = False
        for each, start, end, chosen in self._timed:
            if student not in chosen:
                continue
            if each.join and not joins:
                joins = True
                present = present and local >= start
            if start <= local < end:
                if each.camera:
                    camera = each.camera
                if each.leave:
                    present = False
                if each.join:
                    present = True
        yaw, pitch, eyes, brow = (float(v) for v in values[7:])
        return Acting(
            present=present,
            camera=camera,
            expression=tuple(float(p) for p in mixture),
            yaw=yaw,
            pitch=pitch,
            eyes=min(1.0, max(0.0, eyes)),
            brow=min(1.0, max(0.0, brow)),
            valence=float(mixture @ self._coordinates),
        )

    def order(self, seconds: float) -> tuple[int, ...]:
        """Everyone in the call, in the order of their tiles; 0 is the teacher."""
        local = self._local(seconds)
        _, order = self._orders[max(0, bisect.bisect_right([time for time, _ in self._orders], local) - 1)]
        here = tuple(student for student in order if self.acting(student, seconds).present)
        return (0, *here) if self.script.teacher else here

    def page(self, seconds: float) -> int:
        """The page shown, from 1."""
        page = self._running(seconds, "page")
        return page if isinstance(page, int) else 1

    def popup(self, seconds: float) -> str | None:
        """The text of a pop-up over the tiles."""
        found = self._running(seconds, "popup")
        return None if found is None else str(found)

    def renamed(self, student: int, seconds: float) -> str | None:
        """The name that a student has taken in the meantime."""
        local, name = self._local(seconds), None
        for each, start, end, chosen in self._timed:
            if each.rename and student in chosen and start <= local < end:
                name = each.rename if len(chosen) == 1 else f"{each.rename} {student}"
        return name

    def shared(self, seconds: float) -> bool:
        """Whether slides fill the picture and the gallery is a strip."""
        return bool(self._running(seconds, "share"))

    def valence(self, seconds: float) -> float | None:
        """The true mean valence of the students with their cameras on; None when there is none."""
        on = [a.valence for a in self._all(seconds) if a.present and a.camera == "on"]
        return float(np.mean(on)) if on else None

    def _local(self, seconds: float) -> float:
        return seconds % self.duration if self.script.loop else seconds

    def _running(self, seconds: float, what: str) -> object:
        local = self._local(seconds)
        found: object = None
        for each, start, end, _ in self._timed:
            value = getattr(each, what)
            if value and start <= local < end:
                found = value
        return found

    def _until(self, event: Event) -> float:
        if event.length is not None:
            return event.at.of(self.duration) + event.length.of(self.duration)
        # A pop-up goes away by itself; anything else lasts.
        return event.at.of(self.duration) + 12.0 if event.popup else math.inf

    def _chosen(self, number: int, who: Who) -> frozenset[int]:
        if who.students:
            return frozenset(student for student in who.students if student <= self.students)
        if who.share >= 1:
            return frozenset(range(1, self.students + 1))
        rng = np.random.default_rng([self.seed, number, 0x3B0])
        count = max(1, math.floor(who.share * self.students + 0.5))
        return frozenset(int(s) + 1 for s in rng.permutation(self.students)[:count])

    def _track(self, student: int) -> _Track:
        rng = np.random.default_rng([self.seed, student, 0x7E3])
        rest = np.zeros(_CHANNELS)
        # A resting face of one's own: most are near neutral, some look a little glad or glum.
        lean = rng.normal(0, 0.09)
        rest[EXPRESSIONS.index("happy" if lean > 0 else "sad")] = min(abs(lean), 0.22)
        rest[_NEUTRAL] = 1 - rest[:7].sum()
        rest[7:] = (rng.normal(0, 5), rng.normal(3, 4), 0.0, 0.0)
        spells: list[tuple[float, float, Event]] = [
            (start, end, each) for each, start, end, chosen in self._timed if student in chosen
        ]
        looks = self._small_looks(rng, rest)
        edges = {0.0}
        edges.update(t for start, end, _ in spells for t in (start, end) if t < self.duration)
        edges.update(t for start, end, _ in looks for t in (start, end) if t < self.duration)
        changes = []
        for at in sorted(edges):
            target = rest.copy()
            for start, end, small in looks:
                if start <= at < end:
                    target = small
            lid = False
            for start, end, each in spells:
                if not start <= at < end:
                    continue
                if each.expression is not None:
                    target[:7] = rest[:7] * (1 - each.strength)
                    target[each.expression] += each.strength
                if each.turn is not None:
                    target[7:9] = each.turn
                if each.eyes is not None:
                    target[9] = each.eyes
                    lid = True
                if each.brow is not None:
                    target[10] = each.brow
            if not lid:
                target[9] = 0.0
            changes.append((at, target))
        return _Track(changes)

    def _small_looks(self, rng: np.random.Generator, rest: Values) -> list[tuple[float, float, Values]]:
        """What faces do of themselves: a passing smile, a glance aside, a look at the notes."""
        # Everyone has a few places to glance at (the other screen, the door, the notes).
        glances = [(float(rng.normal(0, 11)), float(rng.normal(2, 4))) for _ in range(2)]
        glances.append((float(rng.normal(0, 4)), float(rng.uniform(9, 16))))
        found: list[tuple[float, float, Values]] = []
        at = float(rng.exponential(25))
        while at < self.duration and len(found) < 4000:
            length = float(rng.uniform(2.5, 7))
            look = rest.copy()
            if rng.random() < 0.35:
                strength = float(rng.choice([0.15, 0.3]))
                passing = int(rng.choice([3, 3, 5, 4, 0]))
                look[:7] *= 1 - strength
                look[passing] += strength
            else:
                yaw, pitch = glances[int(rng.integers(3))]
                look[7:9] += (yaw, pitch)
            found.append((at, at + length, look))
            at += length + float(rng.exponential(25))
        return found

    def _shuffles(self) -> list[tuple[float, tuple[int, ...]]]:
        order = list(range(1, self.students + 1))
        rng = np.random.default_rng([self.seed, 0x5EA7])
        times: list[float] = []
        for each, start, end, _ in self._timed:
            if each.shuffle is None:
                continue
            times.append(start)
            if each.shuffle:
                last = min(end, self.duration)
                times.extend(np.arange(start + each.shuffle, last, each.shuffle).tolist())
        found = [(0.0, tuple(order))]
        for time in sorted(times):
            rng.shuffle(order)
            found.append((time, tuple(order)))
        return found

    def _find_changes(self) -> tuple[Change, ...]:
        """Class-wide changes of valence, at the starts and ends of what at least half the class does."""
        edges: set[float] = set()
        for each, start, end, chosen in self._timed:
            if each.expression is not None and len(chosen) * 2 >= self.students:
                edges.update(t for t in (start, end) if 0 < t < self.duration)
        found = []
        for at in sorted(edges):
            before, after = self.valence(at - 0.01), self.valence(at + RAMP)
            if before is not None and after is not None and abs(after - before) >= 0.15:
                found.append(Change(at, before, after))
        return tuple(found)
