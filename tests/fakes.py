"""Small stand-ins for the parts beside the one under test. The product's own fakes come first."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from classroom_monitor.errors import SourceError
from classroom_monitor.records import (
    Answer,
    Box,
    ClassMood,
    ClassWord,
    Frame,
    Gallery,
    Image,
    Look,
    Marker,
    Presence,
    StudentState,
    Tile,
    TileState,
    Trend,
)

NEUTRAL = (0.02, 0.01, 0.02, 0.05, 0.05, 0.05, 0.80)


def mood(seen: int = 6) -> ClassMood:
    return ClassMood(0.1, 0.05, 0.15, 0.1, seen, seen, seen, ClassWord.MOSTLY_NEUTRAL, Trend.STEADY, NEUTRAL)


@dataclass
class ScriptedPipeline:
    """Sees the same six students in every frame, and writes down what it is told."""

    told: list[object] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    fails: Exception | None = None
    empty: bool = False
    expected: tuple[tuple[float, float] | None, str] = (None, "")
    own_name: str = ""
    state: TileState = TileState.FACE
    relabelled: frozenset[int] = frozenset()

    def look(self, frame: Frame) -> Look:
        if self.fails is not None:
            raise self.fails
        self.frames.append(frame.seconds)
        tiles = () if self.empty else (Tile(Box(0, 0, 160, 90), self.state),)
        students = tuple(
            StudentState(s, Presence.SEEN, Box(0, 0, 160, 90), True, NEUTRAL, 0.1, 0.1) for s in range(1, 7)
        )
        return Look(frame.seconds, frame.utc, Gallery(tiles, True), students, mood(), ())

    def labels(self) -> dict[int, Image]:
        return {1: np.full((12, 40, 3), 200, np.uint8)}

    def renamed(self) -> frozenset[int]:
        renamed, self.relabelled = self.relabelled, frozenset()
        return renamed

    def mark(self, marker: Marker) -> None:
        self.told.append(marker)

    def answer(self, number: int, answer: Answer, seconds: float) -> None:
        self.told.append((number, answer, seconds))

    def name(self, student: int, name: str) -> None:
        self.told.append((student, name))

    def leave_out(self, student: int, out: bool) -> None:
        self.told.append(("leave_out", student, out))

    def own(self, student: int) -> None:
        self.told.append(("own", student))

    def merge(self, student: int, into: int) -> None:
        self.told.append(("merge", student, into))

    def split(self, student: int) -> None:
        self.told.append(("split", student))

    def expect_own(self, point: tuple[float, float] | None, label: str) -> None:
        self.expected = (point, label)


@dataclass
class GivenSource:
    """Gives gray pictures, `frames` of them (None: without end), or the problem set in `fails`."""

    frames: int | None = None
    fails: SourceError | None = None
    description: str = "given"
    closed: bool = False
    grabbed: list[float] = field(default_factory=list)

    def grab(self, seconds: float) -> Image | None:
        if self.fails is not None:
            raise self.fails
        if self.frames is not None and len(self.grabbed) >= self.frames:
            return None
        self.grabbed.append(seconds)
        return np.full((90, 160, 3), 50 + len(self.grabbed) % 100, np.uint8)

    def close(self) -> None:
        self.closed = True
