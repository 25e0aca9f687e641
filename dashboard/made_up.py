"""A made-up lecture, for measuring, screenshots and tests: plausible numbers, no picture behind them.

The class dips a little before the middle, brightens after two thirds, is seen by too few for a while and
not at all for a minute; some students are off camera, one is left out, one comes late, one leaves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from classroom_monitor.clock import SteppedClock
from classroom_monitor.records import (
    Answer,
    Box,
    ClassMood,
    ClassWord,
    Flag,
    FlagKind,
    Gallery,
    Health,
    HealthState,
    Look,
    Marker,
    MarkerKind,
    Presence,
    Session,
    StudentState,
    Trend,
)
from classroom_monitor.store import Store

START = datetime(2026, 11, 19, 9, 5, tzinfo=UTC)
NAMES = ("Ana", "Bo", "Chidi", "Дмитрий", "Eun-ji", "فاطمة", "Grace", "Hanako", "Ines", "João")
COORDINATES = np.array([-0.51, -0.60, -0.64, 0.76, -0.63, 0.15, 0.0])

Script = tuple[tuple[float, float], ...]

#: Valence of the class by share of the session.
CURVE: Script = (
    (0.0, 0.04), (0.08, 0.14), (0.12, 0.06), (0.2, 0.0), (0.3, 0.12), (0.4, 0.08), (0.45, -0.22),
    (0.5, -0.1), (0.58, 0.0), (0.66, 0.34), (0.72, 0.12), (0.85, -0.04), (0.93, 0.1), (1.0, 0.12),
)  # fmt: skip


def session(
    session_id: str = "lecture",
    title: str = "Statistics II, lecture 7",
    start: datetime = START,
    rate: float = 0.2,
) -> Session:
    """A lecture that has not ended. rate: looks a second."""
    return Session(
        session_id, title, "Statistics", start, None, None, "synthetic", rate, True, "0.1.0", "ab" * 32
    )


def states(seconds: float, minutes: float, students: int, seed: int = 1) -> tuple[StudentState, ...]:
    """All students at one time: the same for the same arguments."""
    share = seconds / (minutes * 60)
    random = np.random.default_rng([seed, round(seconds * 10)])
    habit = np.random.default_rng(seed).normal(0, 0.05, students)
    at, valence = np.array(CURVE).T
    middle = float(np.interp(share, at, valence))
    columns = int(np.ceil(np.sqrt(students)))
    found = []
    for index in range(students):
        number = index + 1
        tile = Box(index % columns * 320, index // columns * 180, 318, 178)
        presence = _presence(number, students, share, random)
        if presence is not Presence.SEEN:
            found.append(StudentState(number, presence, None if presence is Presence.GONE else tile))
            continue
        lower = 0.35 if number == 1 and 0.44 < share < 0.5 else 0.0
        wanted = float(np.clip(middle + habit[index] - lower + random.normal(0, 0.03), -0.5, 0.7))
        happy, sad = max(0.0, wanted) / 0.76 + 0.05, max(0.0, -wanted) / 0.6 + 0.05
        mix = np.array([0.05, 0.02, 0.04, happy, sad, 0.06, 0.0])
        mix[6] = max(0.1, 1.0 - mix.sum())
        mix /= mix.sum()
        brow = 0.4 if number == 3 and 0.44 < share < 0.55 else 0.02
        turn = 45.0 if number == 5 and 0.3 < share < 0.35 else float(abs(random.normal(0, 4)))
        found.append(
            StudentState(
                number,
                presence,
                tile,
                bool(random.random() > 0.05),
                tuple(float(each) for each in mix),
                float(mix @ COORDINATES),
                0.06 + float(habit[index]),
                turn,
                0.05,
                brow,
            )
        )
    return tuple(found)


def _presence(number: int, students: int, share: float, random: np.random.Generator) -> Presence:
    if number == 4:
        return Presence.LEFT_OUT
    if number == 6:
        return Presence.CAMERA_OFF
    if number == 7 and share > 0.8:
        return Presence.GONE
    if number == 2 and 0.2 < share < 0.3:
        return Presence.NO_FACE
    if 0.57 < share < 0.62 and number > students * 0.4:
        return Presence.OTHER_PAGE
    return Presence.NOT_READABLE if random.random() < 0.02 else Presence.SEEN


def mood_of(students: tuple[StudentState, ...], trend: Trend = Trend.STEADY) -> ClassMood:
    """The class by its plain mean, with a rough interval: enough for the pages to draw."""
    seen = [each for each in students if each.presence is Presence.SEEN and each.probabilities]
    camera_on = sum(
        each.presence not in (Presence.CAMERA_OFF, Presence.LEFT_OUT, Presence.GONE) for each in students
    )
    expected = sum(each.presence is not Presence.GONE for each in students)
    if len(seen) < 3:
        return ClassMood(
            None, None, None, None, len(seen), camera_on, expected, ClassWord.TOO_FEW, Trend.UNCLEAR, None
        )
    values = np.array([each.valence for each in seen])
    shares = np.mean([each.probabilities for each in seen if each.probabilities], axis=0)
    middle, spread = float(values.mean()), float(values.std())
    half = 0.02 + 1.65 * 0.25 / len(seen) ** 0.5
    few = len(seen) < 5 or len(seen) < 0.5 * camera_on
    word = ClassWord.TOO_FEW if few else _word(middle)
    return ClassMood(
        middle,
        middle - half,
        middle + half,
        spread,
        len(seen),
        camera_on,
        expected,
        word,
        Trend.UNCLEAR if few else trend,
        tuple(float(each) for each in shares / shares.sum()),
    )


def _word(valence: float) -> ClassWord:
    if valence > 0.15:
        return ClassWord.SOMEWHAT_PLEASANT
    return ClassWord.SOMEWHAT_UNPLEASANT if valence < -0.15 else ClassWord.MOSTLY_NEUTRAL


def look(
    seconds: float, minutes: float = 30, students: int = 12, start: datetime = START, seed: int = 1
) -> Look:
    """One look of the lecture."""
    everyone = states(seconds, minutes, students, seed)
    total = minutes * 60
    flags = (
        Flag(1, 1, FlagKind.LOWER, 0.45 * total, 0.45 * total, _after(seconds, 0.5 * total), 120, 107,
             "Looks sad, lower than usual, for 4 min (107 of 120 looks)"),
        Flag(2, 3, FlagKind.BROW_FURROWED, 0.46 * total, 0.46 * total, _after(seconds, 0.55 * total), 96, 79,
             "Brow furrowed for 8 min (79 of 96 looks)"),
        Flag(3, 5, FlagKind.TURNED_AWAY, 0.31 * total, None, _after(seconds, 0.35 * total), 24, 21,
             "Turned away for 2 min (21 of 24 looks)"),
    )  # fmt: skip
    raised = tuple(flag for flag in flags if flag.raised <= seconds)
    return Look(
        seconds, start + timedelta(seconds=seconds), Gallery((), True), everyone, mood_of(everyone), raised
    )


def _after(seconds: float, end: float) -> float | None:
    return end if seconds >= end else None


def store_lecture(
    store: Store,
    clock: SteppedClock | None = None,
    minutes: float = 30,
    students: int = 12,
    *,
    of: Session | None = None,
    names: bool = True,
    finish: bool = True,
    seed: int = 1,
) -> Session:
    """Puts a whole lecture into a store, with markers, turns, an answer and names; returns its session.

    clock: what the store goes by, where it is stepped by hand.
    """
    made = of or session()
    total = minutes * 60
    store.begin(made)
    for step in range(int(total * made.rate)):
        seconds = step / made.rate
        if clock is not None:
            clock.step(1 / made.rate)
        if 0.74 < seconds / total < 0.76:
            continue  # the gallery is covered: nothing is read
        store.add_look(made.id, look(seconds, minutes, students, made.start, seed))
    store.set_health(made.id, Health(HealthState.WATCHING, made.start + timedelta(seconds=total)))
    store.add_turns(
        made.id,
        [
            Marker(0.05 * total, MarkerKind.TURN, "Brightened", before=0.04, after=0.13, low=0.03, high=0.15),
            Marker(
                0.42 * total,
                MarkerKind.TURN,
                "Dimmed, 1 min after your mark “Bayes proof”",
                before=0.09,
                after=-0.18,
                low=-0.35,
                high=-0.19,
            ),
            Marker(0.64 * total, MarkerKind.TURN, "Brightened", before=0.0, after=0.3, low=0.2, high=0.4),
            Marker(
                0.82 * total,
                MarkerKind.TURN,
                "Dimmed briefly, back within 5 min",
                before=0.12,
                after=-0.03,
                low=-0.22,
                high=-0.08,
            ),
        ],
    )
    store.add_marker(made.id, Marker(0.1 * total, MarkerKind.OTHER, "Attendance"))
    store.add_marker(made.id, Marker(0.41 * total, MarkerKind.EXPLAINING, "Bayes proof"))
    store.add_marker(made.id, Marker(0.63 * total, MarkerKind.EXERCISE, "Exercise 3"))
    store.answer(made.id, 1, Answer.LOOKED)
    store.leave_out(made.id, 4, True)
    if names:
        for student, name in enumerate(NAMES[:students], 1):
            store.read_name(made.id, student, name)
    if finish:
        store.finish(made.id, made.start + timedelta(seconds=total))
    else:
        store.flush()
    return store.session(made.id)
