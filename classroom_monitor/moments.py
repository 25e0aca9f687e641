"""Moments: the turns of a session, found afterwards in the stored series of the class.

A turn is a point at which the class goes from one level to another, in its valence or in how far the students
are apart, by more than the noise of the session itself. The change points come from `ruptures` (the best
segmentation, at a price for every further piece); of these only clear ones are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import ruptures
from numpy.typing import NDArray

from classroom_monitor.records import ClassWord, Marker, MarkerKind

Values = NDArray[np.float64]

#: The series is taken in slices of so many seconds: about the smoothing of a student.
SLICE = 10.0

#: A longer stretch without a word on the class (s) is a gap; nothing is compared across it.
GAP = 60.0

#: The shortest level, in slices: half a minute of laughter is one. And the shortest run that can have a turn.
SHORTEST, LEAST_SLICES = 3, 9

#: Price of a further piece, in noise variances times the logarithm of the length. 2 would be right for
#: independent noise (Yao 1988); smoothed readings go together over a few slices, which costs as much more.
PENALTY, TOGETHER = 6.0, 3.0

#: Before and after are taken over at most so many slices (two minutes).
AROUND = 12

#: Smaller changes of the valence, and of the spread, are no moment.
LEAST_CHANGE, LEAST_SPREADING = 0.08, 0.10

#: The noise of a slice is taken to be at least this.
LEAST_NOISE = 0.01

#: Half of a change shows on the smoothed readings so many seconds late (ln 2 times the smoothing).
DELAY = 7.0

#: Two steps in the same direction within this (s) are one turn: the slice between them is the way over.
STEPS = 60.0

#: A level that lasts less than this (s) and goes back is one moment, not two.
BRIEF = 300.0

#: A marker of the teacher is named with a turn when it is nearer than this (s).
NEAR = 300.0

AT_MOST = 5
NORMAL_90 = 1.6449  # of the normal distribution 90 % lie within so many standard deviations


@dataclass(frozen=True, slots=True)
class _Turn:
    """Columns of before, after and error: valence, spread. lasts: seconds until it went back, if soon, and
    back: how far it then went.
    """

    seconds: float
    before: Values
    after: Values
    error: Values
    lasts: float | None = None
    back: float = 0.0

    @property
    def change(self) -> Values:
        """After less before."""
        return self.after - self.before

    @property
    def weight(self) -> float:
        """How much of the session it explains: half a minute of laughter less than a lasting change as large.

        The root of the squares that go when the level is known (of two minutes at most).
        """
        lasts = min(self.lasts or math.inf, AROUND * SLICE)
        return max(float(np.abs(self.change).max()), self.back) * math.sqrt(lasts)

    @property
    def clear(self) -> tuple[bool, bool]:
        """Whether the valence, and the spread, changed enough to speak of, and beyond their error."""
        least = np.maximum((LEAST_CHANGE, LEAST_SPREADING), NORMAL_90 * self.error)
        valence, spread = np.abs(self.change) >= least
        return bool(valence), bool(spread)


def find_turns(class_looks: pd.DataFrame, markers: Sequence[Marker] = ()) -> tuple[Marker, ...]:
    """At most five turns of a session, by time.

    class_looks: the stored rows of the class, one a look, in any order; used are `seconds`, `valence`,
    `spread` and `word` (rows without a valence, or with too few faces to say, are left out). markers: the
    teacher's, of which the nearest is named. Each turn has before and after (mean valence of up to two
    minutes on either side), and low and high, the 90 % interval of that change.
    """
    usable = class_looks[class_looks["valence"].notna() & (class_looks["word"] != ClassWord.TOO_FEW.value)]
    usable = usable.drop_duplicates("seconds").sort_values("seconds")
    seconds = usable["seconds"].to_numpy(dtype=np.float64)
    values = usable[["valence", "spread"]].fillna(0.0).to_numpy(dtype=np.float64)
    edges = np.flatnonzero(np.diff(seconds) > GAP) + 1
    turns: list[_Turn] = []
    for run_seconds, run_values in zip(np.split(seconds, edges), np.split(values, edges), strict=True):
        turns += _turns_of(run_seconds, run_values)
    strongest = sorted(turns, key=lambda turn: turn.weight, reverse=True)[:AT_MOST]
    return tuple(_marker(turn, markers) for turn in sorted(strongest, key=lambda turn: turn.seconds))


def _turns_of(seconds: Values, values: Values) -> list[_Turn]:
    """The turns of one run without gaps. values: [n, 2]."""
    if not len(seconds):
        return []
    numbers, at = np.unique((seconds - seconds[0]) // SLICE, return_inverse=True)
    levels = np.stack([np.bincount(at, weights=column) / np.bincount(at) for column in values.T], axis=1)
    if len(levels) < LEAST_SLICES:
        return []
    noise = _noise(levels)
    method = ruptures.KernelCPD(kernel="linear", min_size=SHORTEST)
    borders = method.fit(levels / noise).predict(pen=PENALTY * math.log(len(levels)))
    pieces = [0, *borders]
    turns = []
    for first, border, last in zip(pieces, pieces[1:], pieces[2:], strict=False):
        before, after = (
            levels[max(first, border - AROUND) : border],
            levels[border : min(last, border + AROUND)],
        )
        error = noise * math.sqrt(TOGETHER / len(before) + TOGETHER / len(after))
        turn = _Turn(seconds[0] + SLICE * numbers[border], before.mean(axis=0), after.mean(axis=0), error)
        turns.append(replace(turn, seconds=_when(seconds, values, turn)))
    return _brief([turn for turn in _steps(turns) if any(turn.clear)])


def _noise(levels: Values) -> Values:
    """Standard deviation of a slice, from slices half a minute apart; a median ignores the few turns."""
    apart = np.abs(levels[SHORTEST:] - levels[:-SHORTEST])
    noise: Values = np.maximum(LEAST_NOISE, 1.4826 * np.median(apart, axis=0) / math.sqrt(2))
    return noise


def _when(seconds: Values, values: Values, turn: _Turn) -> float:
    """The second at which the middle of before and after was crossed, less the delay of the smoothing."""
    column = int(np.argmax(np.abs(turn.change / turn.error)))
    near = np.abs(seconds - turn.seconds) <= SHORTEST * SLICE
    middle = (turn.before[column] + turn.after[column]) / 2
    beyond = (values[near, column] - middle) * turn.change[column] > 0
    # The split of the stretch that leaves the fewest looks on the wrong side.
    early = np.concatenate([[0], np.cumsum(beyond)])
    late = np.concatenate([np.cumsum(~beyond[::-1])[::-1], [0]])
    crossed = seconds[near][min(int(np.argmin(early + late)), len(beyond) - 1)]
    return max(float(seconds[0]), float(crossed) - DELAY)


def _steps(turns: Sequence[_Turn]) -> list[_Turn]:
    """Puts the steps of one turn together."""
    found: list[_Turn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last and turn.seconds - last.seconds <= STEPS and float(last.change @ turn.change) > 0:
            larger = max(last, turn, key=lambda each: float(np.abs(each.change).max()))
            found[-1] = _Turn(larger.seconds, last.before, turn.after, np.maximum(last.error, turn.error))
        else:
            found.append(turn)
    return found


def _brief(turns: Sequence[_Turn]) -> list[_Turn]:
    """Makes one turn of a short level and its way back, to where it came from or not far beside it."""
    found: list[_Turn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last and last.lasts is None and turn.seconds - last.seconds <= BRIEF:
            there, back = (float(np.abs(each.change).max()) for each in (last, turn))
            missed = float(np.abs(turn.after - last.before).max())
            if missed < max(there, back) / 2:
                found[-1] = replace(last, lasts=turn.seconds - last.seconds, back=back)
                continue
        found.append(turn)
    return found


def _marker(turn: _Turn, markers: Sequence[Marker]) -> Marker:
    valence, _ = turn.clear
    change, spreading = turn.change
    text = (
        ("Brightened" if change > 0 else "Dimmed")
        if valence
        else ("Split" if spreading > 0 else "Came together")
    )
    if turn.lasts is not None:
        text += f" briefly, back within {math.ceil(turn.lasts / 60)} min"
    said = [marker for marker in markers if marker.kind is not MarkerKind.TURN]
    nearest = min(said, key=lambda marker: abs(marker.seconds - turn.seconds), default=None)
    if nearest is not None and abs(nearest.seconds - turn.seconds) <= NEAR:
        minutes = round((turn.seconds - nearest.seconds) / 60)
        when = "at" if minutes == 0 else f"{abs(minutes)} min {'after' if minutes > 0 else 'before'}"
        text += f", {when} your mark “{nearest.text or nearest.kind.value}”"
    return Marker(
        seconds=turn.seconds,
        kind=MarkerKind.TURN,
        text=text,
        before=float(turn.before[0]),
        after=float(turn.after[0]),
        low=float(change - NORMAL_90 * turn.error[0]),
        high=float(change + NORMAL_90 * turn.error[0]),
    )
