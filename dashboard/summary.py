"""A stored session as review, student page and report show it: thinned, with its stretches and moments.

Numbers and records only; no page, no word. Times are seconds since the start of the session.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classroom_monitor.records import (
    EXPRESSIONS,
    Answer,
    ClassWord,
    Flag,
    Hint,
    Marker,
    MarkerKind,
    Presence,
    Session,
)
from classroom_monitor.settings import FlagsSettings
from classroom_monitor.store import Store

Numbers = NDArray[np.float64]

#: A time without looks longer than this is drawn as a gap (s).
GAP = 15.0

#: Points a chart draws, about: more than one a pixel on a wide page. Readings are smoothed over 10 s, so that
#: a 90-minute session (4.5 s a point) loses nothing that could be seen; nor are longer ones thinned further
#: than 7.5 s a point, so that a gap stays one.
MOST_POINTS = 1200
COARSEST = 7.5

#: A stretch is told from the middle over this time, and lasts at least so long; s.
STRETCH_WINDOW = 120.0
STRETCH_LEAST = 90.0

#: A 90 % interval reaches so many standard errors to each side.
Z90 = 1.645

#: Moments at the top of the review: where turns and marks are fewer than the least, stretches are added.
LEAST_MOMENTS, MOST_MOMENTS = 3, 5

#: A mark so near to a turn is named with it (classroom_monitor.moments) and is no moment of its own; s.
NEAR_TURN = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The class over time, thinned: arrays of one length. Unknown numbers are NaN here, as charts need them.

    few: whether too few faces were seen to say anything. shares: [points, 7], in the order of EXPRESSIONS.
    run: counts up at each gap. step: seconds a point stands for.
    """

    seconds: Numbers
    valence: Numbers
    low: Numbers
    high: Numbers
    seen: Numbers
    camera_on: Numbers
    expected: Numbers
    few: NDArray[np.bool_]
    shares: Numbers
    run: NDArray[np.int64]
    step: float

    def __len__(self) -> int:
        return len(self.seconds)

    def runs(self) -> Iterator[slice]:
        """The stretches without a gap."""
        yield from _pieces(self.run)

    def gaps(self) -> Iterator[tuple[float, float]]:
        """From when to when nothing was read."""
        edges = np.flatnonzero(np.diff(self.run))
        for edge in edges:
            yield float(self.seconds[edge]), float(self.seconds[edge + 1])

    def few_stretches(self) -> Iterator[tuple[float, float]]:
        """From when to when too few were seen."""
        for piece in self.runs():
            for part in _pieces(self.few[piece].astype(np.int64)):
                first, last = piece.start + part.start, piece.start + part.stop - 1
                if self.few[first]:
                    yield float(self.seconds[first]), float(self.seconds[last])

    def between(self, start: float, end: float) -> Series:
        """Only the points from `start` to `end`."""
        kept = (self.seconds >= start) & (self.seconds <= end)
        names = ("seconds", "valence", "low", "high", "seen", "camera_on", "expected", "few", "shares", "run")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def _pieces(numbers: NDArray[np.int64]) -> Iterator[slice]:
    """Slices of equal numbers that stand together."""
    if len(numbers):
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        for start, stop in itertools.pairwise(edges):
            yield slice(start, stop)


def true_runs(cells: NDArray[np.bool_]) -> list[slice]:
    """Where true cells stand together."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(np.int8)))
    return [slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def known_mean(values: Numbers) -> float:
    """The mean of the known numbers; NaN where there is none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def thin(looks: pd.DataFrame, most: int = MOST_POINTS) -> Series:
    """Looks of the class as at most about `most` points: means over equal times, never across a gap.

    looks: what Store.class_looks returns.
    """
    seconds = looks["seconds"].to_numpy(np.float64)
    between = np.diff(seconds)
    usual = float(np.median(between)) if len(between) else 1.0
    length = float(seconds[-1] - seconds[0]) + usual if len(seconds) else 0.0
    step = max(usual, min(COARSEST, math.ceil(length / most * 2) / 2))
    run = np.concatenate([[0], np.cumsum(between > max(GAP, 1.5 * usual))]).astype(np.int64)[: len(seconds)]
    part = np.floor(seconds / step).astype(np.int64)
    few = (looks["word"] == ClassWord.TOO_FEW.value).to_numpy(np.float64)
    table = looks[["seconds", "valence", "low", "high", "seen", "camera_on", "expected"]].assign(few=few)
    shares = looks[[f"share_{name}" for name in EXPRESSIONS]]
    means = pd.concat([table, shares], axis=1).groupby([run, part], sort=True).mean()
    column = {name: means[name].to_numpy(np.float64) for name in means.columns}
    return Series(
        column["seconds"],
        column["valence"],
        column["low"],
        column["high"],
        column["seen"],
        column["camera_on"],
        column["expected"],
        column["few"] > 0.5,
        means[list(shares.columns)].to_numpy(np.float64),
        means.index.get_level_values(0).to_numpy(np.int64),
        step,
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the class differs from the session's middle by more than the 90 % interval.

    change: valence above (or below) the middle. seen, expected: students, the middle over the stretch.
    """

    start: float
    end: float
    change: float
    seen: int
    expected: int

    @property
    def seconds(self) -> float:
        """Its middle."""
        return (self.start + self.end) / 2


def middle(series: Series) -> float | None:
    """The session's middle: the median valence where enough were seen."""
    known = series.valence[~series.few & np.isfinite(series.valence)]
    return float(np.median(known)) if len(known) else None


def stretches(series: Series) -> tuple[Stretch, ...]:
    """The stretches that stand out from the middle, the strongest (change by length) first.

    The interval is the class' own, over two minutes, and is not narrowed by their number, since neighbouring
    looks are not independent. The middle, a median over the whole session, counts as known.
    """
    centre = middle(series)
    if centre is None:
        return ()
    half = (series.high - series.low) / 2
    found = []
    for piece in series.runs():
        width = max(1, round(STRETCH_WINDOW / series.step))
        usable = np.where(series.few[piece], np.nan, series.valence[piece])
        smooth = (
            pd.Series(usable).rolling(width, center=True, min_periods=max(1, width // 3)).mean().to_numpy()
        )
        bound = pd.Series(half[piece]).rolling(width, center=True, min_periods=1).mean().to_numpy()
        apart = (np.abs(smooth - centre) > bound) & ~series.few[piece]
        sides = np.where(apart, np.sign(smooth - centre), 0).astype(np.int64)
        for part in _pieces(sides):
            if sides[part.start] == 0:
                continue
            here = slice(piece.start + part.start, piece.start + part.stop)
            start, end = float(series.seconds[here.start]), float(series.seconds[here.stop - 1]) + series.step
            if end - start < STRETCH_LEAST:
                continue
            found.append(
                Stretch(
                    start,
                    end,
                    float(np.nanmean(series.valence[here]) - centre),
                    round(float(np.median(series.seen[here]))),
                    round(float(np.median(series.expected[here]))),
                )
            )
    return tuple(sorted(found, key=lambda each: -abs(each.change) * (each.end - each.start)))


Moment = Marker | Stretch


def moments(markers: Sequence[Marker], stretches: Sequence[Stretch] = ()) -> tuple[Moment, ...]:
    """Up to five, by time: the program's turns first of all, then marks that stand far from them.

    Where these are fewer than three, the strongest stretches in which none of them lies. A session in which
    nothing happened has no moment: none is made up.
    """
    turns = [each for each in markers if each.kind is MarkerKind.TURN][:MOST_MOMENTS]
    marks = [
        mark
        for mark in markers
        if mark.kind is not MarkerKind.TURN
        and all(abs(mark.seconds - turn.seconds) > NEAR_TURN for turn in turns)
    ]
    found: list[Moment] = [*turns, *marks[: MOST_MOMENTS - len(turns)]]
    apart = (
        each
        for each in stretches
        if not any(each.start - STRETCH_WINDOW < one.seconds < each.end for one in found)
    )
    found += itertools.islice(apart, max(0, LEAST_MOMENTS - len(found)))
    return tuple(sorted(found, key=lambda each: each.seconds))


@dataclass(frozen=True, slots=True)
class InView:
    """When a student was in view: `parts` is the share of looks seen in each stretch, None where unknown."""

    student: int
    parts: tuple[float | None, ...]
    share: float
    left_out: bool


def in_view(presence: pd.DataFrame, left_out: frozenset[int], parts: int) -> tuple[InView, ...]:
    """Every student by number. presence: what Store.presence returns for so many parts."""
    if presence.empty:
        return ()
    last = min(parts, int(presence["part"].max()) + 1)
    students = np.unique(presence["student"].to_numpy())
    rows = np.searchsorted(students, presence["student"].to_numpy())
    kept = presence["part"].to_numpy() < last
    grid = np.full((len(students), last), np.nan)
    seen, known = presence["seen"].to_numpy(np.float64), presence["known"].to_numpy(np.float64)
    grid[rows[kept], presence["part"].to_numpy()[kept]] = seen[kept] / known[kept]
    found = []
    for index, student in enumerate(students):
        mine = presence["student"].to_numpy() == student
        share = float(seen[mine].sum() / known[mine].sum())
        cells = tuple(None if math.isnan(each) else float(each) for each in grid[index])
        found.append(InView(int(student), cells, share, int(student) in left_out))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Lecture:
    """Everything the review shows of one session."""

    session: Session
    series: Series
    length: float
    looks: int
    middle: float | None
    stretches: tuple[Stretch, ...]
    markers: tuple[Marker, ...]
    moments: tuple[Moment, ...]
    flags: tuple[Flag, ...]
    answers: dict[int, Answer]
    hints: tuple[Hint, ...]
    hint_answers: dict[int, Answer]
    students: tuple[InView, ...]
    left_out: frozenset[int]
    names: dict[int, str]

    @property
    def expected(self) -> int:
        """The most students that were in the session at once."""
        return int(np.max(self.series.expected)) if len(self.series) else 0

    def clock(self, seconds: float) -> datetime:
        """The local clock at that time."""
        return local_clock(self.session, seconds)


def _read(store: Store, session_id: str) -> tuple[Series, int]:
    """The looks of the class, thinned, and how many there were."""
    looks = store.class_looks(session_id)
    return thin(looks), len(looks)


@functools.lru_cache(maxsize=8)
def _ended(store: Store, session_id: str, end: datetime) -> tuple[Series, int]:
    """The same of a session that has ended, whose looks no longer change: its pages ask several times.

    end: when it did, since a session can be gone on with, and end again.
    """
    return _read(store, session_id)


def forget_ended() -> None:
    """Forgets the looks that are kept of sessions that have ended."""
    _ended.cache_clear()


#: Stretches of the strips that show who was in view.
VIEW_PARTS = 120


def read_lecture(store: Store, session_id: str, students: bool = True) -> Lecture:
    """Reads what the review shows, without the students where not wanted (they take the longest).

    Raises StoreError when the session is unknown.
    """
    session = store.session(session_id)
    end = session.end
    series, looks = _read(store, session.id) if end is None else _ended(store, session.id, end)
    markers = store.markers(session.id)
    apart = stretches(series)
    left_out = store.left_out(session.id)
    return Lecture(
        session,
        series,
        length(series),
        looks,
        middle(series),
        apart,
        markers,
        moments(markers, apart),
        store.flags(session.id),
        store.answers(session.id),
        store.hints(session.id),
        store.hint_answers(session.id),
        in_view(store.presence(session.id, VIEW_PARTS), left_out, VIEW_PARTS) if students else (),
        left_out,
        store.names(session.id),
    )


def length(series: Series) -> float:
    """Seconds from start to end: to the last look, for a recording may be read faster than it plays."""
    return max(60.0, float(series.seconds[-1]) + series.step) if len(series) else 60.0


def local_clock(session: Session, seconds: float) -> datetime:
    """The local wall clock so many seconds into a session. Daylight saving moves the label, not the point."""
    return (session.start + timedelta(seconds=seconds)).astimezone()


@dataclass(frozen=True, slots=True, eq=False)
class StudentSeries:
    """One student over time, thinned: arrays of one length, NaN where the face was not read.

    away: valence above or below the own usual. used: whether most looks counted. chances: [points, 7].
    brow, turned, closed: whether that sign stood over its threshold on most looks. step: s a point is for.
    absent: stretches without a reading (from, to, why). looks, usable: how many there were, and counted.
    """

    seconds: Numbers
    away: Numbers
    used: NDArray[np.bool_]
    chances: Numbers
    brow: NDArray[np.bool_]
    turned: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    step: float
    absent: tuple[tuple[float, float, Presence], ...]
    looks: int
    usable: int

    def __len__(self) -> int:
        return len(self.seconds)

    def runs(self) -> Iterator[NDArray[np.intp]]:
        """Stretches in which the student was read, without a gap: the places of their points."""
        read = np.flatnonzero(np.isfinite(self.away))
        apart = np.diff(self.seconds[read]) > max(GAP, 2.5 * self.step)
        yield from (each for each in np.split(read, np.flatnonzero(apart) + 1) if len(each))

    def usual_range(self) -> float | None:
        """How far from the own usual four of five points lie."""
        known = np.abs(self.away[np.isfinite(self.away)])
        return float(np.quantile(known, 0.8)) if len(known) >= 10 else None

    def mixture(self) -> tuple[float, ...] | None:
        """The mean of the seven probabilities."""
        known = self.chances[np.isfinite(self.chances).all(axis=1)]
        if not len(known):
            return None
        mean = known.mean(axis=0)
        return tuple(float(each) for each in mean / mean.sum())


def student_series(looks: pd.DataFrame, flags: FlagsSettings, most: int = MOST_POINTS) -> StudentSeries:
    """One student's looks, thinned. looks: what Store.student_looks returns for that student."""
    seconds = looks["seconds"].to_numpy(np.float64)
    between = np.diff(seconds)
    step_of = float(np.median(between)) if len(between) else 1.0
    length = float(seconds[-1] - seconds[0]) + step_of if len(seconds) else 0.0
    step = max(step_of, min(COARSEST, math.ceil(length / most * 2) / 2))
    valence = looks["valence"].to_numpy(np.float64)
    usual = looks["valence_usual"].to_numpy(np.float64)
    known = valence[np.isfinite(valence)]
    centre = np.where(np.isfinite(usual), usual, np.median(known) if len(known) else 0.0)
    seen = (looks["presence"] == Presence.SEEN.value).to_numpy()
    table = pd.DataFrame(
        {
            "seconds": seconds,
            "away": np.where(seen, valence - centre, np.nan),
            "used": looks["usable"].to_numpy(np.float64),
            "brow": (looks["brow_furrow"].to_numpy(np.float64) >= flags.brow_by) & seen,
            "turned": (looks["head_turn"].to_numpy(np.float64) >= flags.turn_by) & seen,
            "closed": (looks["eyes_closed"].to_numpy(np.float64) >= flags.eyes_closed) & seen,
            **{name: looks[f"p_{name}"].to_numpy(np.float64) for name in EXPRESSIONS},
        }
    )
    means = table.groupby(np.floor(seconds / step).astype(np.int64)).mean()
    column = {name: means[name].to_numpy(np.float64) for name in means.columns}
    return StudentSeries(
        column["seconds"],
        column["away"],
        column["used"] > 0.5,
        means[list(EXPRESSIONS)].to_numpy(np.float64),
        column["brow"] > 0.5,
        column["turned"] > 0.5,
        column["closed"] > 0.5,
        step,
        _absences(seconds, looks["presence"].to_numpy(), step_of),
        len(looks),
        int(looks["usable"].sum()),
    )


def _absences(
    seconds: Numbers, presence: NDArray[Any], step: float
) -> tuple[tuple[float, float, Presence], ...]:
    """Stretches longer than a gap in which a student was not read, with what the tile showed."""
    codes, kinds = pd.factorize(presence)
    found = []
    for piece in _pieces(codes.astype(np.int64)):
        kind = Presence(kinds[codes[piece.start]])
        start, end = float(seconds[piece.start]), float(seconds[piece.stop - 1]) + step
        if kind is not Presence.SEEN and end - start > GAP:
            found.append((start, end, kind))
    return tuple(found)


def student_stretch(series: StudentSeries, error: float) -> tuple[float, float, float] | None:
    """The longest stretch (from, to, change) of a minute or more beyond the 90 % interval of the own usual.

    error: standard error of one reading (mood.reading_error).
    """
    found: list[tuple[float, float, float]] = []
    for piece in series.runs():
        width = max(1, round(30 / series.step))
        smooth = pd.Series(series.away[piece]).rolling(width, center=True, min_periods=1).mean().to_numpy()
        sides = np.where(np.abs(smooth) > Z90 * error, np.sign(smooth), 0).astype(np.int64)
        for part in _pieces(sides):
            here = piece[part]
            start, end = float(series.seconds[here[0]]), float(series.seconds[here[-1]]) + series.step
            if sides[part.start] and end - start >= 60:
                found.append((start, end, float(np.mean(series.away[here]))))
    return max(found, key=lambda each: each[1] - each[0], default=None)


@dataclass(frozen=True, slots=True)
class Level:
    """A whole session, for comparing: its middle, half of its 90 % interval, the share of students seen."""

    middle: float | None
    half: float
    seen: float


def level(series: Series) -> Level:
    """The middle of a session. Its interval is that of one look, and is not narrowed by the number of looks.

    What makes the readings of a class uncertain (light, cameras, who is there) lasts through a session.
    """
    half = (series.high - series.low)[~series.few] / 2
    known = half[np.isfinite(half)]
    seen = series.seen.sum() / max(1.0, float(series.expected.sum())) if len(series) else 0.0
    return Level(middle(series), float(known.mean()) if len(known) else 0.0, float(seen))
