"""Who is worth a glance now: few, with a reason and a count, and quiet otherwise.

A flag needs a condition that holds for a while, against the student's own usual and against the class at that
moment. Of those raised only a few are shown; the rest queue silently and stand in the review.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from classroom_monitor.records import (
    NEGATIVE,
    Answer,
    ClassMood,
    Flag,
    FlagKind,
    Marker,
    MarkerKind,
    Presence,
    StudentState,
)
from classroom_monitor.settings import FlagsSettings

#: A condition begins, and lasts, from this share of its limit on; to be raised it must on average reach all.
EASED = 0.5

#: A single look counts at most so many limits in that average, which runs over this share of `hold`.
MOST, AVERAGED = 2.0, 0.5

#: A look lower than usual that is raised as soon as it has held must on average reach so many limits; this
#: falls to one limit within this share of `hold`. What is clear comes early, chance seldom lasts so long.
CLEARER, SURER = 1.25, 0.5

#: Of the looks since a condition began at least this share must show it, and at least so many.
SHARE_WITH, LOOKS_WITH = 0.75, 3

#: A condition not yet raised lapses when it has been gone for this share of `clear`.
LAPSE = 0.5

#: Longer than this between two looks (s) is a gap: nothing is held across it.
GAP = 15.0

#: A raised flag about which nothing can be read any more is cleared after so long (s).
UNKNOWN = 60.0

#: Once shown a flag stays listed for at least this long (s), so that it can be read.
LISTED = 60.0

#: A drop must exceed so many of the student's own usual spreads, and so many of the class's at that moment.
OWN_SPREADS, CLASS_SPREADS = 3.0, 3.0

#: A class whose middle one is so far from the own usual (valence) has moved: everyone may go where it went.
CLASS_MOVED = 0.2

#: From the median absolute deviation to the standard deviation of a normal distribution.
TO_SD = 1.4826

#: A look above this valence is no unpleasant one, and flags no one, however much gladder the student was.
UNPLEASANT = -0.10

#: No look is less pleasant than this, so that the way down from a usual below zero is shorter, in proportion;
#: but never shorter than this share.
SADDEST, SHORTEST_WAY = -0.64, 0.8

#: What more than this share of the class shows at once, if only eased, is the class's and flags no one.
CLASS_SHARE = 0.2

#: Fewer students than this are no class to compare with.
CLASS_AT_LEAST = 5

#: A reading counts for the comparison with the class for so long (s).
FRESH = 20.0

#: Out of view is said only of a student who was in view for at least so long (s), and most of the time.
IN_VIEW_LEAST, IN_VIEW_SHARE, IN_VIEW_MEMORY = 60.0, 0.7, 300.0

#: A break or exercise that nobody ends is over after so long (s).
PHASE_AT_MOST = 1800.0

#: Markers that begin a new part of the lecture; a remark of another kind changes nothing.
PHASES = frozenset({MarkerKind.EXPLAINING, MarkerKind.QUESTION, MarkerKind.EXERCISE, MarkerKind.BREAK})

#: In an exercise heads bend over paper: turned away, shut-looking eyes and lost faces are expected.
EXPECTED_IN_EXERCISE = frozenset({FlagKind.TURNED_AWAY, FlagKind.OUT_OF_VIEW})

#: No video: whatever condition there was cannot be seen any more and is over.
OVER = frozenset({Presence.CAMERA_OFF, Presence.PHOTO, Presence.LEFT_OUT, Presence.GONE})

#: How each unpleasant-looking expression reads in a sentence, by its place in EXPRESSIONS.
LOOKS = {0: "angry", 1: "disgusted", 2: "fearful", 4: "sad"}


@dataclass(slots=True)
class _Case:
    """One condition of one student, from its first look to its end."""

    since: float
    last_with: float
    last_known: float
    level: float
    looks: int = 0
    looks_with: int = 0
    words: str = ""
    flag: Flag | None = None


@dataclass(slots=True)
class _Seen:
    """How much of the time a student was in view lately."""

    seconds: float = 0.0
    share: float = 1.0
    turn: float = 0.0
    brow: float = 0.0
    eyes: float = 0.0
    cues_at: float = -math.inf

    def hidden(self, seconds: float, settings: FlagsSettings) -> bool:
        """Whether the head was lately turned away, or the eyes closed: up to those limits, but not beyond,
        faces are read no more unpleasant than others (measured on pictures with votes).
        """
        turned = self.turn >= settings.turn_by or self.eyes >= settings.eyes_closed
        return turned and seconds - self.cues_at <= FRESH


@dataclass(frozen=True, slots=True)
class _Class:
    """The class at this moment: what the single student is set against.

    valence: how students look now, in the middle; None when they are too few. deviation: how far the middle
    one is from the own usual. spread: of what students look like, about what is expected of each. turn, brow,
    eyes: the middle of the latest cues.
    """

    valence: float | None = None
    deviation: float = 0.0
    spread: float = 0.0
    turn: float = 0.0
    brow: float = 0.0
    eyes: float = 0.0

    def expected(self, usual: float) -> float:
        """The valence that is no surprise now, of a student with that usual.

        When nothing moves, the own usual. When the class moves, everyone may move as far as it does, or go
        where it went: in a sad film a glad face falls further, and yet only to where the others are.
        """
        assert self.valence is not None
        moved = usual + self.deviation
        share = min(1.0, abs(self.deviation) / CLASS_MOVED)
        return min(moved, moved + share * (self.valence - moved))


class Flags:
    """Raises, shows and clears flags from look to look."""

    def __init__(self, settings: FlagsSettings) -> None:
        self._settings = settings
        self._cases: dict[tuple[int, FlagKind], _Case] = {}
        self._seen: dict[int, _Seen] = {}
        self._latest: dict[FlagKind, dict[int, tuple[float, float]]] = {kind: {} for kind in FlagKind}
        self._muted: dict[int, float] = {}
        self._markers: list[Marker] = []
        self._number = 0
        self._tokens = settings.bucket
        self._refill_from = 0.0
        self._last = -math.inf
        self._answered: list[Flag] = []
        self._result: tuple[Flag, ...] = ()

    def update(self, seconds: float, states: Sequence[StudentState], mood: ClassMood) -> tuple[Flag, ...]:
        """Takes one look; every flag that is not cleared, and those cleared since the look before.

        In the order of their numbers. A look that is not later than the one before changes nothing.
        """
        if seconds <= self._last:
            return self._result
        passed = seconds - self._last
        if GAP < passed < math.inf:
            self._bridge(passed)
        self._last = seconds
        changed, self._answered = self._answered, []
        phase = phase_at(self._markers, seconds)
        for state in states:
            self._note(seconds, min(passed, GAP), state)
        if phase is MarkerKind.BREAK:
            self._cases = {key: case for key, case in self._cases.items() if case.flag is not None}
        else:
            self._judge(seconds, states, phase)
        changed += self._clear(seconds)
        self._show(seconds)
        active = [case.flag for case in self._cases.values() if case.flag is not None]
        self._result = tuple(sorted([*active, *changed], key=lambda flag: flag.number))
        return self._result

    def answer(self, number: int, answer: Answer, seconds: float) -> None:
        """The teacher answered a flag: `not_now` clears it and silences the student for a while, `never` for
        the session. `looked` changes nothing: the flag stands until its reason is gone. An unknown number is
        ignored (the flag may have cleared meanwhile), the silence holds all the same if it was ever raised.
        """
        found = [key for key, case in self._cases.items() if case.flag and case.flag.number == number]
        if not found or answer not in (Answer.NOT_NOW, Answer.NEVER):
            return
        student = found[0][0]
        until = math.inf if answer is Answer.NEVER else seconds + self._settings.not_now
        self._muted[student] = max(until, self._muted.get(student, -math.inf))
        for key in [key for key in self._cases if key[0] == student]:
            case = self._cases.pop(key)
            if case.flag is not None:
                self._answered.append(replace(case.flag, cleared=seconds))

    def mark(self, marker: Marker) -> None:
        """The teacher set a marker: from then on a break raises no flag, an exercise expects bent heads."""
        self._markers.append(marker)

    def _bridge(self, passed: float) -> None:
        """After a gap what was held begins anew, and a raised flag is not older for it."""
        self._cases = {key: case for key, case in self._cases.items() if case.flag is not None}
        for case in self._cases.values():
            case.last_with += passed
            case.last_known += passed

    def _note(self, seconds: float, passed: float, state: StudentState) -> None:
        """Remembers how much the student was in view, and the latest cues."""
        seen = self._seen.get(state.student)
        if seen is None:
            seen = self._seen[state.student] = _Seen()
        if state.presence in (Presence.SEEN, Presence.NOT_READABLE):
            seen.seconds += passed
            seen.share += (1.0 - seen.share) * min(1.0, passed / IN_VIEW_MEMORY)
        elif state.presence is Presence.NO_FACE and not self._is_raised(state.student, FlagKind.OUT_OF_VIEW):
            seen.share -= seen.share * min(1.0, passed / IN_VIEW_MEMORY)
        if state.head_turn is not None and state.eyes_closed is not None and state.brow_furrow is not None:
            seen.turn, seen.eyes, seen.brow = state.head_turn, state.eyes_closed, state.brow_furrow
            seen.cues_at = seconds

    def _is_raised(self, student: int, kind: FlagKind) -> bool:
        case = self._cases.get((student, kind))
        return case is not None and case.flag is not None

    def _judge(self, seconds: float, states: Sequence[StudentState], phase: MarkerKind | None) -> None:
        """Follows every condition of every student by one look."""
        of_class = self._class(seconds, states)
        for kind, rule in self._rules(of_class).items():
            expected = phase is MarkerKind.EXERCISE and kind in EXPECTED_IN_EXERCISE
            latest = self._latest[kind]
            found: list[tuple[StudentState, float]] = []
            for state in states:
                if state.presence in OVER:
                    found.append((state, 0.0))
                    latest.pop(state.student, None)
                elif (level := rule(state)) is not None:
                    found.append((state, level))
                    latest[state.student] = seconds, level
            # Cues of a student are read every few looks only; the class is what was read of each lately.
            known = [level for at, level in latest.values() if seconds - at <= FRESH]
            with_it = sum(level >= EASED for level in known)
            shared = len(known) >= CLASS_AT_LEAST and with_it > CLASS_SHARE * len(known)
            for state, level in found:
                self._follow(seconds, state, kind, 0.0 if shared or expected else level)

    def _class(self, seconds: float, states: Sequence[StudentState]) -> _Class:
        known = [
            (state.valence, state.valence_usual)
            for state in states
            if state.valence is not None
            and state.valence_usual is not None
            and state.valence_spread is not None
        ]
        of_class = _Class()
        if len(known) >= CLASS_AT_LEAST:
            of_class = _Class(
                valence=median(valence for valence, _ in known),
                deviation=median(valence - usual for valence, usual in known),
            )
            off = [valence - of_class.expected(usual) for valence, usual in known]
            middle = median(off)
            of_class = replace(of_class, spread=TO_SD * median(abs(each - middle) for each in off))
        fresh = [seen for seen in self._seen.values() if seconds - seen.cues_at <= FRESH]
        if len(fresh) >= CLASS_AT_LEAST:
            of_class = replace(
                of_class,
                turn=median(seen.turn for seen in fresh),
                brow=median(seen.brow for seen in fresh),
                eyes=median(seen.eyes for seen in fresh),
            )
        return of_class

    def _rules(self, of_class: _Class) -> dict[FlagKind, Callable[[StudentState], float | None]]:
        """For each kind, how much of its limit a student reaches; None where this look does not say."""
        settings = self._settings

        def lower(state: StudentState) -> float | None:
            if not state.usable or state.valence_spread is None or of_class.valence is None:
                return None
            if self._seen[state.student].hidden(self._last, settings):
                return None  # a face from the side or with shut eyes reads as unpleasant
            if state.valence is None or state.valence_usual is None:
                return None
            if state.valence > UNPLEASANT:
                return 0.0
            # A face that rests unpleasant has a shorter way down, a lively one must fall further.
            way = settings.lower_by * max(SHORTEST_WAY, min(1.0, 1 - state.valence_usual / SADDEST))
            own = min(OWN_SPREADS * state.valence_spread, settings.lower_by_at_most)
            limit = max(way, own, CLASS_SPREADS * of_class.spread)
            return (min(state.valence_usual, of_class.expected(state.valence_usual)) - state.valence) / limit

        def brow(state: StudentState) -> float | None:
            value = state.brow_furrow
            return None if value is None else (value - of_class.brow) / settings.brow_by

        def turned(state: StudentState) -> float | None:
            if state.head_turn is None or state.eyes_closed is None:
                return None
            return max(
                (state.head_turn - of_class.turn) / settings.turn_by,
                (state.eyes_closed - of_class.eyes) / settings.eyes_closed,
            )

        def out_of_view(state: StudentState) -> float | None:
            if state.presence is Presence.OTHER_PAGE:
                return None
            seen = self._seen[state.student]
            known = seen.seconds >= IN_VIEW_LEAST and seen.share >= IN_VIEW_SHARE
            return 1.0 if state.presence is Presence.NO_FACE and known else 0.0

        return {
            FlagKind.LOWER: lower,
            FlagKind.BROW_FURROWED: brow,
            FlagKind.TURNED_AWAY: turned,
            FlagKind.OUT_OF_VIEW: out_of_view,
        }

    def _follow(self, seconds: float, state: StudentState, kind: FlagKind, level: float) -> None:
        """One student, one kind, one look that tells how much of the limit is reached."""
        key, shows = (state.student, kind), level >= EASED
        level = max(0.0, min(MOST, level))
        case = self._cases.get(key)
        if case is None:
            if not shows or seconds < self._muted.get(state.student, -math.inf):
                return
            case = self._cases[key] = _Case(seconds, seconds, seconds, level)
        passed = seconds - case.last_known
        case.level += (level - case.level) * (1 - math.exp(-passed / (AVERAGED * self._settings.hold)))
        case.looks += 1
        case.last_known = seconds
        if shows:
            case.looks_with += 1
            case.last_with = seconds
            case.words = _words(kind, state, self._settings)
        elif case.flag is None and seconds - case.last_with >= LAPSE * self._settings.clear:
            del self._cases[key]
            return
        if case.flag is None:
            over = (seconds - case.since) / self._settings.hold - 1
            enough = case.looks_with >= max(LOOKS_WITH, SHARE_WITH * case.looks)
            limit = max(1.0, CLEARER - (CLEARER - 1) * over / SURER) if kind is FlagKind.LOWER else 1.0
            if not (shows and over >= 0 and enough and case.level >= limit):
                return
            self._number += 1
            case.flag = Flag(self._number, state.student, kind, seconds, None, None, 0, 0, "")
        case.flag = replace(
            case.flag, looks=case.looks, looks_with=case.looks_with, reason=_reason(kind, case)
        )

    def _clear(self, seconds: float) -> list[Flag]:
        """Clears the flags whose condition has been gone for long enough; gives them back."""
        cleared = []
        for key, case in list(self._cases.items()):
            if case.flag is None:
                continue
            gone = case.last_known > case.last_with and seconds - case.last_with >= self._settings.clear
            gone = gone or seconds - case.last_known >= UNKNOWN
            if gone and (case.flag.shown is None or seconds - case.flag.shown >= LISTED):
                cleared.append(replace(case.flag, cleared=seconds))
                del self._cases[key]
        return cleared

    def _show(self, seconds: float) -> None:
        """Shows what the bucket allows of the flags that wait, the longest waiting first."""
        settings = self._settings
        while self._tokens < settings.bucket and seconds - self._refill_from > settings.refill:
            self._tokens += 1
            self._refill_from += settings.refill
        raised = [case for case in self._cases.values() if case.flag is not None]
        shown = {case.flag.student for case in raised if case.flag and case.flag.shown is not None}
        waiting = [
            case
            for case in raised
            if case.flag and case.flag.shown is None and case.last_with == case.last_known
        ]
        for case in sorted(waiting, key=lambda each: each.since):
            assert case.flag is not None
            if self._tokens == 0 or len(shown) >= settings.shown_at_most:
                return
            if case.flag.student in shown:
                continue  # the name stands on the page already
            if self._tokens == settings.bucket:
                self._refill_from = seconds
            self._tokens -= 1
            shown.add(case.flag.student)
            case.flag = replace(case.flag, shown=seconds)


def phase_at(markers: Sequence[Marker], seconds: float) -> MarkerKind | None:
    """The part of the lecture at that second, as far as the teacher's markers tell."""
    begun = [marker for marker in markers if marker.kind in PHASES and marker.seconds <= seconds]
    latest = max(begun, key=lambda marker: marker.seconds, default=None)
    return latest.kind if latest and seconds - latest.seconds <= PHASE_AT_MOST else None


def _words(kind: FlagKind, state: StudentState, settings: FlagsSettings) -> str:
    """What is seen, up to the words that tell for how long."""
    if kind is FlagKind.LOWER:
        assert state.probabilities is not None
        top = max(range(len(state.probabilities)), key=state.probabilities.__getitem__)
        return (
            f"Looks {LOOKS[top]}, lower than usual," if top in NEGATIVE else "Looks less pleasant than usual"
        )
    if kind is FlagKind.BROW_FURROWED:
        return "Brow furrowed"
    if kind is FlagKind.OUT_OF_VIEW:
        return "Out of view"
    closed = (state.eyes_closed or 0.0) / settings.eyes_closed > (state.head_turn or 0.0) / settings.turn_by
    return "Eyes closed" if closed else "Turned away"


#: Another explanation for each kind: none of them needs to mean anything.
COULD_BE = {
    FlagKind.LOWER: "Could be concentration, light or a habit.",
    FlagKind.BROW_FURROWED: "Could be a hard step, a bright screen or small text.",
    FlagKind.TURNED_AWAY: "Could be a second screen or notes on paper.",
    FlagKind.OUT_OF_VIEW: "Camera on, no face in the picture. Could be a break, or the camera has slipped.",
}


def _reason(kind: FlagKind, case: _Case) -> str:
    """What was seen, for how long, on how many looks, and what else it could be."""
    lasted = case.last_with - case.since
    how_long = f"{lasted:.0f} s" if lasted < 90 else f"{lasted / 60:.0f} min"
    return f"{case.words} for {how_long} ({case.looks_with} of {case.looks} looks). {COULD_BE[kind]}"
