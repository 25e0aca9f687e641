"""A class in numbers only: true looks, and readings of them as wrong as a network's are.

Each student has a look at rest, drifts, smiles now and then, and follows the events. A reading is drawn
towards neutral, has the bias of that face (the same all session: a resting face that reads as sad), noise
that lasts for some seconds, and noise of the single look.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from classroom_monitor.records import Cues, Expression, Presence, StudentLook

HAPPY, SAD = 0.76, -0.63


def probabilities(valence: float) -> tuple[float, ...]:
    """Seven probabilities whose valence is that one, within what a face can show."""
    share = min(1.0, valence / HAPPY if valence > 0 else valence / SAD)
    found = [0.0] * 7
    found[3 if valence > 0 else 4] = share
    found[6] = 1 - share
    return tuple(found)


@dataclass(frozen=True)
class Event:
    """From `at` for `lasts` seconds the students named look like `valence`, or show something else."""

    at: float
    lasts: float
    who: Collection[int]
    valence: float | None = None
    presence: Presence | None = None
    turn: float = 0.0
    brow: float = 0.0
    spread: float = 0.0


@dataclass
class SimulatedClass:
    """Steps through the session; `step` gives the looks and the true valence of each student."""

    students: int = 30
    seed: int = 0
    events: tuple[Event, ...] = ()
    every: float = 2.0
    towards_neutral: float = 0.85
    bias: float = 0.10
    lasting: float = 0.06
    lasting_for: float = 15.0
    single: float = 0.08
    unusable: float = 0.1
    smiles: float = 1 / 240
    cues_every: float = 6.0
    seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        n = self.students
        self._rng = np.random.default_rng(self.seed)
        self._rest = self._rng.normal(0, 0.05, n)
        self._bias = self._rng.normal(0, self.bias, n)
        self._drift = self._rng.normal(0, 0.05, n)
        self._lasting = self._rng.normal(0, self.lasting, n)
        self._smile_until = np.full(n, -1.0)
        self._reacts = self._rng.normal(0, 1, n)
        self._brow = self._rng.uniform(0, 0.3, n)
        self._turn = self._rng.uniform(0, 20, n)

    def steps(self, minutes: float) -> Iterator[tuple[float, list[StudentLook], np.ndarray]]:
        """(seconds, looks, true valence [n]) for so many minutes."""
        while self.seconds < minutes * 60:
            yield self._step()

    def _step(self) -> tuple[float, list[StudentLook], np.ndarray]:
        n, rng, now = self.students, self._rng, self.seconds
        self._drift = _walk(rng, self._drift, 0.05, self.every / 120)
        self._lasting = _walk(rng, self._lasting, self.lasting, self.every / self.lasting_for)
        starts = rng.random(n) < self.smiles * self.every
        self._smile_until = np.where(starts, now + rng.uniform(3, 10, n), self._smile_until)
        true = self._rest + self._drift + np.where(self._smile_until > now, 0.45, 0.0)
        presence = [Presence.SEEN] * n
        turn, brow = self._turn + rng.normal(0, 4, n), self._brow + rng.normal(0, 0.05, n)
        for event in self.events:
            if event.at <= now < event.at + event.lasts:
                for student in event.who:
                    at = student - 1
                    if event.valence is not None:
                        true[at] = event.valence + event.spread * self._reacts[at] + self._drift[at]
                    presence[at] = event.presence or presence[at]
                    turn[at] += event.turn
                    brow[at] += event.brow
        true = np.clip(true, SAD, HAPPY)
        read = self.towards_neutral * true + self._bias + self._lasting + rng.normal(0, self.single, n)
        usable = rng.random(n) >= self.unusable
        cues = [
            (number + round(now / self.every)) % max(1, round(self.cues_every / self.every)) == 0
            for number in range(n)
        ]
        looks = []
        for at in range(n):
            if presence[at] is not Presence.SEEN:
                looks.append(StudentLook(at + 1, presence[at]))
                continue
            state = Presence.SEEN if usable[at] else Presence.NOT_READABLE
            reading = Expression(probabilities(float(np.clip(read[at], SAD, HAPPY))), bool(usable[at]))
            seen = Cues(float(turn[at]), 0.0, 0.1, float(np.clip(brow[at], 0, 1))) if cues[at] else None
            looks.append(StudentLook(at + 1, state, None, reading, seen))
        self.seconds += self.every
        return now, looks, true


def _walk(rng: np.random.Generator, values: np.ndarray, size: float, step: float) -> np.ndarray:
    """One step of noise that forgets itself, with that standard deviation."""
    keep = math.exp(-step)
    return (
        keep * values + math.sqrt(1 - keep * keep) * rng.normal(0, size, len(values)) if size else values * 0
    )


class Smoothed:
    """The truth, smoothed as the page smooths: an exponential average with a time constant."""

    def __init__(self, smoothing: float = 10.0) -> None:
        self._smoothing = smoothing
        self._value: np.ndarray | None = None

    def add(self, true: np.ndarray, passed: float) -> np.ndarray:
        """The smoothed values after one more step."""
        keep = math.exp(-passed / self._smoothing)
        self._value = true if self._value is None else keep * self._value + (1 - keep) * true
        return self._value
