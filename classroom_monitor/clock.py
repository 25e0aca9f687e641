"""Time as a seam: the real clock, and one that is stepped by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the runner needs of time."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def utc(self) -> datetime:
        """The wall clock, with its zone (UTC)."""

    def sleep(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""


class RealClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def utc(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""
        if seconds > 0:
            time.sleep(seconds)


class SteppedClock:
    """A clock that moves only when told to, by `step` or `sleep`."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = 0.0
        self._jump = timedelta()

    def monotonic(self) -> float:
        """Seconds stepped so far."""
        return self._passed

    def utc(self) -> datetime:
        """The start plus the seconds stepped, plus every jump of the wall clock."""
        return self._start + self._jump + timedelta(seconds=self._passed)

    def sleep(self, seconds: float) -> None:
        """Steps by so many seconds."""
        self.step(max(0.0, seconds))

    def step(self, seconds: float) -> None:
        """Moves both clocks forward."""
        if seconds < 0:
            raise ValueError(f"a clock steps forward only, not by {seconds} s")
        self._passed += seconds

    def jump(self, seconds: float) -> None:
        """Moves the wall clock alone, as daylight saving or a correction does."""
        self._jump += timedelta(seconds=seconds)
