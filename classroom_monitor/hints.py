"""Pace hints: seldom, a sentence about the whole class, and a question that the teacher may answer.

"Slow down?" when brows furrow or heads turn away on clearly more faces than usual, for a minute. "Pick up?"
when almost all are steady and nothing has moved for long. Never about a single student.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from classroom_monitor.flags import phase_at
from classroom_monitor.mood import Usual
from classroom_monitor.records import (
    ClassMood,
    ClassWord,
    Hint,
    HintKind,
    Marker,
    MarkerKind,
    Presence,
    StudentState,
)
from classroom_monitor.settings import FlagsSettings

#: At most one hint in so many seconds, and no second "pick up" within four times that.
APART, PICK_UP_APART = 300.0, 1200.0

#: The share of faces must be above usual for so long (s), with dips of at most so long.
RISEN_FOR, DIP = 60.0, 15.0

#: Above usual means so many faces more, so large a share more, and so many standard deviations more.
MORE_FACES, MORE_SHARE, MORE_DEVIATIONS = 3, 0.15, 2.0

#: Seconds of the session from which the share's own usual is learnt, and for which a reading of cues counts.
LEARN, CUES_FRESH = 180.0, 20.0

#: Nothing moves: for so long (s) the class's valence stays within this range, on at most this share of faces
#: brow or head is not as usual.
STILL_FOR, STILL_RANGE, STILL_SHARE = 600.0, 0.10, 0.10

#: Fewer faces than this say nothing about the pace.
FACES_AT_LEAST = 5

#: Longer between two looks (s) is a gap: nothing is held across it.
GAP = 15.0

_VIDEO = frozenset({Presence.SEEN, Presence.NOT_READABLE, Presence.NO_FACE, Presence.TOO_SMALL})


@dataclass(frozen=True, slots=True)
class _Count:
    """On how many faces brows are furrowed, heads turned away, either, of how many."""

    brow: int
    turned: int
    either: int
    faces: int


class PaceHints:
    """Follows the class from look to look and now and then gives a hint."""

    def __init__(self, settings: FlagsSettings) -> None:
        self._settings = settings
        self._cues: dict[int, tuple[float, bool, bool]] = {}
        self._usual = Usual(LEARN)
        self._markers: list[Marker] = []
        self._last = -math.inf
        self._since: float | None = None
        self._risen = -math.inf
        self._still: deque[tuple[float, float]] = deque()
        self._number = 0
        self._hinted = -math.inf
        self._picked_up = -math.inf

    def mark(self, marker: Marker) -> None:
        """The teacher set a marker: there are no hints in a break or an exercise."""
        self._markers.append(marker)

    def update(self, seconds: float, states: Sequence[StudentState], mood: ClassMood) -> Hint | None:
        """Takes one look; a hint at the look at which it arises, None otherwise.

        A look that is not later than the one before changes nothing.
        """
        if seconds <= self._last:
            return None
        passed, self._last = seconds - self._last, seconds
        if passed > GAP:
            self._forget()
        count = self._count(seconds, states)
        if phase_at(self._markers, seconds) in (MarkerKind.BREAK, MarkerKind.EXERCISE):
            self._forget()
            return None
        if count.faces < FACES_AT_LEAST:
            return None
        usual = self._usual.value
        risen = usual is not None and _above(count, usual)
        if not risen:
            self._learn(count.either / count.faces, min(passed, GAP))
        hint = self._slow_down(seconds, count, usual or 0.0, risen) or self._pick_up(seconds, count, mood)
        if hint is not None:
            self._number, self._hinted = hint.number, seconds
        return hint

    def _forget(self) -> None:
        self._since = None
        self._still.clear()

    def _count(self, seconds: float, states: Sequence[StudentState]) -> _Count:
        settings = self._settings
        for state in states:
            if state.presence not in _VIDEO:
                self._cues.pop(state.student, None)
            elif state.brow_furrow is not None and state.head_turn is not None:
                brow = state.brow_furrow >= settings.brow_by
                self._cues[state.student] = seconds, brow, state.head_turn >= settings.turn_by
        fresh = [(brow, turned) for at, brow, turned in self._cues.values() if seconds - at <= CUES_FRESH]
        return _Count(
            brow=sum(brow for brow, _ in fresh),
            turned=sum(turned for _, turned in fresh),
            either=sum(brow or turned for brow, turned in fresh),
            faces=len(fresh),
        )

    def _learn(self, share: float, passed: float) -> None:
        if self._usual.learning:
            self._usual.add(share, passed)
        else:
            self._usual.adapt(share - (self._usual.value or 0.0), passed)

    def _slow_down(self, seconds: float, count: _Count, usual: float, risen: bool) -> Hint | None:
        if risen:
            self._since = seconds if self._since is None else self._since
            self._risen = seconds
        elif self._since is not None and seconds - self._risen > DIP:
            self._since = None
        if self._since is None or not risen or seconds - self._since < RISEN_FOR:
            return None
        if seconds - self._hinted < APART:
            return None
        if count.brow >= 2 * count.turned:
            what = f"Brow furrowed on {count.either} of {count.faces} faces"
        elif count.turned >= 2 * count.brow:
            what = f"Turned away: {count.either} of {count.faces} faces"
        else:
            what = f"Brow furrowed or turned away: {count.either} of {count.faces} faces"
        text = (
            f"{what} for {_minutes(seconds - self._since)}. Usual for this class: {usual * count.faces:.0f}. "
            "Slow down or check in?"
        )
        return Hint(self._number + 1, seconds, HintKind.SLOW_DOWN, text, self._since)

    def _pick_up(self, seconds: float, count: _Count, mood: ClassMood) -> Hint | None:
        calm = count.either <= STILL_SHARE * count.faces
        if mood.valence is None or mood.word is ClassWord.TOO_FEW or not calm:
            self._still.clear()
            return None
        self._still.append((seconds, mood.valence))
        while seconds - self._still[0][0] > STILL_FOR:
            self._still.popleft()
        if seconds - self._still[0][0] < STILL_FOR - GAP or seconds - self._picked_up < PICK_UP_APART:
            return None
        values = [valence for _, valence in self._still]
        if max(values) - min(values) > STILL_RANGE or seconds - self._hinted < APART:
            return None
        self._picked_up = seconds
        text = (
            f"For {_minutes(STILL_FOR)} {count.faces - count.either} of {count.faces} faces look steady "
            "and the class has hardly changed. Pick up the pace?"
        )
        return Hint(self._number + 1, seconds, HintKind.PICK_UP, text, seconds - STILL_FOR)


def _above(count: _Count, usual: float) -> bool:
    """Whether clearly more faces than usual are furrowed or turned away."""
    more = count.either - usual * count.faces
    chance = math.sqrt(count.faces * usual * (1 - usual))
    return more >= max(MORE_FACES, MORE_SHARE * count.faces, MORE_DEVIATIONS * chance)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
