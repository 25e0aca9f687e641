"""What the watcher does with a picture that cannot show the call: it says so, and reads nothing from it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from classroom_monitor.clock import SteppedClock
from classroom_monitor.pipeline import Pipeline
from classroom_monitor.records import (
    Box,
    Face,
    Frame,
    HealthState,
    Image,
    Look,
    SourceKind,
    SourceSpec,
    StartRequest,
    TileState,
)
from classroom_monitor.runner import Runner
from classroom_monitor.settings import load_settings
from classroom_monitor.store import open_store
from tests.fakes import ScriptedPipeline


class Call:
    """A call of live video until it is told to freeze."""

    description = "call"

    def __init__(self) -> None:
        self.moving, self.black, self.hidden = True, False, 0.0
        self._image = np.zeros((90, 160, 3), np.uint8)
        self._random = np.random.default_rng(1)

    def grab(self, seconds: float) -> Image | None:
        if self.moving:
            self._image = self._random.integers(0, 255, (90, 160, 3), np.uint8)
        return np.zeros_like(self._image) if self.black else self._image.copy()

    def close(self) -> None:
        pass


class FacesPipeline(ScriptedPipeline):
    """Finds six live faces in every frame."""

    def look(self, frame: Frame) -> Look:
        look = super().look(frame)
        (tile,) = look.gallery.tiles
        faces = (Face(Box(0, 0, 30, 40), 0.9),) * 6
        return replace(
            look, gallery=replace(look.gallery, tiles=(replace(tile, faces=faces, state=TileState.FACE),))
        )


class Watched:
    def __init__(self, kind: SourceKind) -> None:
        self.clock, self.call, self.pipeline = SteppedClock(), Call(), FacesPipeline()
        settings = load_settings()
        store = open_store("sqlite://", self.clock, settings.store)
        self.runner = Runner(
            settings, store, lambda: cast(Pipeline, self.pipeline), lambda *_: self.call, "0" * 64, self.clock
        )
        self.runner.start(StartRequest(SourceSpec(kind), 0.5))

    def look(self) -> HealthState:
        self.clock.sleep(self.runner.wait())
        self.runner.step()
        return self.runner.status.health.state


@pytest.fixture(params=[SourceKind.SCREEN, SourceKind.WEBCAM])
def watched(request: pytest.FixtureRequest) -> Watched:
    return Watched(request.param)


def test_a_frozen_call_is_told_within_5_seconds_and_not_read(watched: Watched) -> None:
    assert [watched.look() for _ in range(3)] == [HealthState.WATCHING] * 3
    watched.call.moving = False
    frozen_at = watched.clock.monotonic()
    while watched.look() is not HealthState.FROZEN:
        assert watched.clock.monotonic() - frozen_at <= 5.0
    read = len(watched.pipeline.frames)
    assert watched.look() is HealthState.FROZEN
    assert len(watched.pipeline.frames) == read
    watched.call.moving = True
    assert watched.look() is HealthState.WATCHING
    assert len(watched.pipeline.frames) == read + 1


def test_a_black_or_covered_call_is_told_and_not_read(watched: Watched) -> None:
    watched.call.black = True
    assert watched.look() is HealthState.BLACK
    watched.call.black = False
    watched.call.hidden = 1.0
    assert watched.look() is HealthState.COVERED
    assert watched.pipeline.frames == []
    watched.call.hidden = 0.2
    assert watched.look() is HealthState.WATCHING


def test_a_still_picture_of_a_recording_is_read() -> None:
    watched = Watched(SourceKind.VIDEO)
    watched.call.moving = False
    assert [watched.look() for _ in range(5)] == [HealthState.WATCHING] * 5
    assert len(watched.pipeline.frames) == 5
