"""The chain from frames to flags, over the synthetic class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from classroom_monitor.bench import WatchedFinder
from classroom_monitor.expression import ScriptedExpressions
from classroom_monitor.faces import MediaPipeFaceFinder
from classroom_monitor.pipeline import Pipeline
from classroom_monitor.records import (
    EXPRESSIONS,
    ClassWord,
    Expression,
    Face,
    Frame,
    Image,
    Look,
    Presence,
    SourceKind,
    SourceSpec,
    TileState,
)
from classroom_monitor.settings import Settings, load_settings
from classroom_monitor.synthetic.source import SyntheticSource, from_spec

START = datetime(2026, 1, 5, 10, tzinfo=UTC)
STUDENTS = 9


class CountedExpressions:
    """Says the same of every face, and counts its calls."""

    weights_sha256 = "0" * 64

    def __init__(self, expression: str) -> None:
        self._model = ScriptedExpressions.constant(expression)
        self.batches: list[int] = []

    def score(self, image: Image, faces: Sequence[Face]) -> tuple[Expression, ...]:
        self.batches.append(len(faces))
        return self._model.score(image, faces)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


@pytest.fixture(scope="module")
def finder(settings: Settings) -> Iterator[WatchedFinder]:
    with MediaPipeFaceFinder(settings.faces) as made:
        yield WatchedFinder(made)


@pytest.fixture(scope="module")
def source() -> Iterator[SyntheticSource]:
    made = from_spec(SourceSpec(SourceKind.SYNTHETIC, students=STUDENTS, seed=3, script="calm_class"))
    yield made
    made.close()


def look_at(pipeline: Pipeline, source: SyntheticSource, seconds: float) -> Look:
    image = source.grab(seconds)
    assert image is not None
    return pipeline.look(Frame(image, seconds, START + timedelta(seconds=seconds)))


def test_every_student_is_followed_and_scored_in_one_batch(
    settings: Settings, finder: WatchedFinder, source: SyntheticSource
) -> None:
    model = CountedExpressions("happy")
    pipeline = Pipeline(settings, finder, model)
    looks = [look_at(pipeline, source, 2.0 * number) for number in range(4)]
    assert model.batches == [sum(t.state is TileState.FACE for t in look.gallery.tiles) for look in looks]
    students = [{state.student: state.tile for state in look.students} for look in looks]
    assert all(set(each) == set(students[0]) for each in students)
    assert students[-1] == students[0]  # nobody moved
    on = [student for student in source.truth(6.0).students if student.presence is Presence.SEEN]
    assert looks[-1].mood.seen == len(on)
    assert looks[-1].mood.word is ClassWord.CLEARLY_PLEASANT
    happy = EXPRESSIONS.index("happy")
    assert looks[-1].mood.shares is not None
    assert looks[-1].mood.shares[happy] == pytest.approx(1, abs=0.05)


def test_the_same_frames_give_the_same_looks(
    settings: Settings, finder: WatchedFinder, source: SyntheticSource
) -> None:
    def run() -> list[Look]:
        pipeline = Pipeline(settings, finder, CountedExpressions("sad"))
        return [look_at(pipeline, source, 2.0 * number) for number in range(3)]

    assert run() == run()


def test_who_is_left_out_is_neither_searched_nor_scored_from_the_next_look_on(
    settings: Settings, finder: WatchedFinder, source: SyntheticSource
) -> None:
    model = CountedExpressions("neutral")
    pipeline = Pipeline(settings, finder, model)
    before = look_at(pipeline, source, 0.0)
    seen = next(state for state in before.students if state.presence is Presence.SEEN)
    assert seen.tile is not None
    pipeline.leave_out(seen.student, True)
    finder.shown.clear()
    after = look_at(pipeline, source, 2.0)
    image = source.grab(2.0)
    assert image is not None
    tile = seen.tile.cut(image)
    inner = tile[tile.shape[0] // 4 : -tile.shape[0] // 4, tile.shape[1] // 4 : -tile.shape[1] // 4]
    assert finder.shown
    assert not any(_holds(shown, inner) for shown in finder.shown)
    assert model.batches[1] == model.batches[0] - 1
    state = next(state for state in after.students if state.student == seen.student)
    assert (state.presence, state.usable, state.valence) == (Presence.LEFT_OUT, False, None)
    assert after.mood.camera_on == before.mood.camera_on - 1


def test_a_picture_without_a_call_has_nothing_to_say(settings: Settings, finder: WatchedFinder) -> None:
    pipeline = Pipeline(settings, finder, CountedExpressions("happy"))
    look = pipeline.look(Frame(np.zeros((1, 1, 3), np.uint8), 0.0, START))
    assert (look.gallery.tiles, look.students, look.flags) == ((), (), ())
    assert look.mood.word is ClassWord.TOO_FEW
    assert look.mood.valence is None


def _holds(picture: Image, part: Image) -> bool:
    """Whether the pixels of the part stand anywhere in the picture."""
    height, width = part.shape[:2]
    if picture.shape[0] < height or picture.shape[1] < width:
        return False
    row = part[height // 2]
    for y in range(picture.shape[0] - height + 1):
        windows = np.lib.stride_tricks.sliding_window_view(picture[y + height // 2], (width, 3))[:, 0]
        for x in np.flatnonzero((windows == row).all(axis=(1, 2))):
            if (picture[y : y + height, x : x + width] == part).all():
                return True
    return False
