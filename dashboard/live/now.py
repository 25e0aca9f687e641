"""What the store says at one refresh of the live page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from classroom_monitor.records import (
    Answer,
    ClassWord,
    Flag,
    Health,
    HealthState,
    Hint,
    Marker,
    Session,
    StudentState,
    Trend,
    WatcherStatus,
)
from dashboard import wording
from dashboard.context import Context

#: The live page shows so much of the session (s).
WINDOW = 600.0

#: The line is drawn through at most so many looks: one every 5 px of its width, well below the smoothing.
POINTS = 160

#: A pace hint that nobody answers goes away after so long (s), when the next may come.
HINT_STANDS = 300.0

#: States in which looks go on.
READING = frozenset({HealthState.WATCHING, HealthState.NOT_SAVING})


@dataclass(frozen=True, slots=True)
class View:
    """How the browser is set."""

    dark: bool = False
    compact: bool = False
    names: bool = True


@dataclass(frozen=True, slots=True)
class Last:
    """The last look of the class. trend_from: since when (seconds) the trend has been the present one."""

    seconds: float
    utc: datetime
    seen: int
    expected: int
    word: ClassWord
    trend: Trend
    trend_from: float


@dataclass(frozen=True, slots=True)
class Now:
    """What the store says at one refresh.

    looks: the last ten minutes of the class, perhaps empty. last: the newest of them. pace: seconds of the
    wall clock a second of the session (a recording may run faster).
    """

    session: Session
    health: Health
    looks: pd.DataFrame
    last: Last | None
    pace: float
    students: tuple[StudentState, ...]
    flags: tuple[Flag, ...]
    answers: Mapping[int, Answer]
    markers: tuple[Marker, ...]
    names: Mapping[int, str]
    hint: Hint | None

    @property
    def seconds(self) -> float:
        """When the last look was, in seconds of the session."""
        return 0.0 if self.last is None else self.last.seconds

    def name(self, student: int, view: View) -> str:
        """The student's name, or the pseudonym where it is unknown or hidden."""
        known = wording.shown_name(self.names.get(student, "")) if view.names else ""
        return known or wording.pseudonym(student)

    def local(self, seconds: float) -> datetime:
        """Local time of a second of the session."""
        if self.last is None:
            return self.session.start.astimezone() + timedelta(seconds=seconds)
        return self.last.utc.astimezone() + timedelta(seconds=(seconds - self.last.seconds) * self.pace)

    def clock(self, seconds: float) -> str:
        """The same as `10:43`."""
        return f"{self.local(seconds):%H:%M}"


def status_of(context: Context) -> WatcherStatus:
    """The watcher's own word; without a watcher nothing runs."""
    if context.watcher is None:
        return WatcherStatus(None, Health(HealthState.STOPPED, context.clock.utc()))
    return context.watcher.status()


def running(context: Context) -> tuple[str | None, Health]:
    """The session that runs, and the watcher's own word on its health."""
    status = status_of(context)
    return status.session, status.health


def read(context: Context, session_id: str, health: Health) -> Now:
    """Everything a refresh shows: the last ten minutes of the class, and the last look of the students."""
    store = context.store
    session = store.session(session_id)
    passed = (context.clock.utc() - session.start).total_seconds()
    looks = _recent(context, session_id, passed)
    last, pace = _last(looks)
    return Now(
        session,
        health,
        looks,
        last,
        pace,
        store.students_now(session_id),
        store.flags(session_id),
        store.answers(session_id),
        store.markers(session_id),
        store.names(session_id),
        _open_hint(context, session_id, last),
    )


def _open_hint(context: Context, session_id: str, last: Last | None) -> Hint | None:
    """The last pace hint, while it is fresh and not answered."""
    hints = context.store.hints(session_id)
    if not hints or last is None or last.seconds - hints[-1].seconds > HINT_STANDS:
        return None
    return None if hints[-1].number in context.store.hint_answers(session_id) else hints[-1]


def _recent(context: Context, session_id: str, passed: float) -> pd.DataFrame:
    """The last ten minutes of looks, thinned to what a chart can show; the last look is always among them."""
    looks = context.store.class_looks(session_id, since=max(0.0, passed - WINDOW))
    if looks.empty:  # the source's time is not the wall clock's, or nothing was read for long
        looks = context.store.class_looks(session_id)
    if looks.empty:
        return looks
    seconds = looks["seconds"].to_numpy()
    keep = seconds >= seconds[-1] - WINDOW
    if keep.sum() > POINTS:
        # One look of each stretch; the stretches stand still, so that old points do not jump about.
        stretch = np.floor(seconds / (WINDOW / (POINTS - 2)))
        keep &= np.append(stretch[1:] != stretch[:-1], True)
    return looks if keep.all() else looks[keep]


def _last(looks: pd.DataFrame) -> tuple[Last | None, float]:
    if looks.empty:
        return None, 1.0
    columns: Any = looks  # pandas cannot tell the types of its columns
    seconds, utc, trend = (columns[name] for name in ("seconds", "time_utc", "trend"))
    other = np.flatnonzero(trend.to_numpy() != trend.iat[-1])
    since = int(other[-1]) + 1 if len(other) else 0
    passed = float(seconds.iat[-1] - seconds.iat[0])
    walled = (utc.iat[-1] - utc.iat[0]).total_seconds()
    last = Last(
        float(seconds.iat[-1]),
        utc.iat[-1].to_pydatetime(),
        int(columns["seen"].iat[-1]),
        int(columns["expected"].iat[-1]),
        ClassWord(columns["word"].iat[-1]),
        Trend(trend.iat[-1]),
        float(seconds.iat[since]),
    )
    return last, walled / passed if passed > 0 else 1.0


def acted(context: Context) -> float:
    """A new value for `live-acted`, which refreshes the page at once."""
    return context.clock.utc().timestamp()
