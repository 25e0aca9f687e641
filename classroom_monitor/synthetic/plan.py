"""A script made definite for one class and seed: who is there, how everyone looks, what the call shows.

The same script, students, seed and length give the same plan.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classroom_monitor.errors import ScriptError
from classroom_monitor.records import (
    EXPRESSIONS,
    Cues,
    FlagKind,
    Marker,
    Probabilities,
    TileState,
)
from classroom_monitor.settings import configs_folder, load_settings
from classroom_monitor.synthetic.script import Event, Script, Who

Values = NDArray[np.float64]

#: What a gallery shows at once, as in the calls of today.
PER_PAGE: Final = 49
#: Seconds from one state to the next: faces do not jump.
RAMP: Final = 2.0
_NEUTRAL: Final = EXPRESSIONS.index("neutral")
# Channels of a student: the seven, then yaw, pitch, eyes, brow.
_CHANNELS: Final = len(EXPRESSIONS) + 4


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
        # Angry and disgusted faces furrow the brow of themselves.
        angry, disgust = (
            self.expression[EXPRESSIONS.index("angry")],
            self.expression[EXPRESSIONS.index("disgust")],
        )
        brow = min(1.0, self.brow + angry + 0.7 * disgust)
        return Cues(yaw=self.yaw, pitch=self.pitch, eyes_closed=self.eyes, brow_furrow=brow)

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
