"""The watching process keeps its cadence, saves, obeys, and survives what fails."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image as Pillow

from classroom_monitor.clock import SteppedClock
from classroom_monitor.errors import NoWindowError, PictureError, SettingsError, SourceError, StoreError
from classroom_monitor.pictures import picture_of
from classroom_monitor.pipeline import Pipeline
from classroom_monitor.read import PictureReading, TileReading
from classroom_monitor.records import (
    Answer,
    Box,
    Expression,
    Face,
    Frame,
    HealthState,
    Image,
    Look,
    Marker,
    MarkerKind,
    SourceKind,
    SourceSpec,
    StartRequest,
    Tile,
    TileState,
)
from classroom_monitor.remote import Ask, Reply
from classroom_monitor.runner import Listener, Runner
from classroom_monitor.settings import Settings, load_settings
from classroom_monitor.store import Store, open_store
from tests.fakes import GivenSource, ScriptedPipeline


class Room:
    """A runner with a scripted pipeline, a given source, a stepped clock and a store in memory."""

    def __init__(self, name_reader: Callable[[Image], str | None] | None = None) -> None:
        self.clock = SteppedClock()
        self.settings = load_settings()
        self.store: Store = open_store("sqlite://", self.clock, self.settings.store)
        self.pipeline = ScriptedPipeline()
        self.source = GivenSource()
        self.opens = 0
        self.runner = Runner(
            self.settings,
            self.store,
            lambda: cast(Pipeline, self.pipeline),
            self.open_source,
            "0" * 64,
            self.clock,
            name_reader,
        )

    def open_source(self, spec: SourceSpec, settings: Settings) -> GivenSource:
        self.opens += 1
        return self.source

    def start(self, speed: float = 1.0, rate: float = 0.5, kind: SourceKind = SourceKind.SYNTHETIC) -> str:
        return self.runner.start(StartRequest(SourceSpec(kind), rate, speed, "Lecture 1"))

    def run(self, seconds: float) -> None:
        """Steps the clock in tenths and looks whenever a look is due, as the listener does."""
        for _ in range(round(seconds * 10)):
            if self.runner.wait() <= 1e-9:
                self.runner.step()
            self.clock.step(0.1)


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.runner.close()


def test_it_looks_at_the_rate_asked_for(room: Room) -> None:
    room.start(rate=0.5)
    room.run(10)
    assert room.pipeline.frames == pytest.approx([0, 2, 4, 6, 8], abs=0.15)


def test_a_slow_look_is_not_made_up_for(room: Room) -> None:
    room.start(rate=1)
    room.run(2)
    room.clock.step(5)  # the look took five seconds
    room.run(3)
    assert room.pipeline.frames == pytest.approx([0, 1, 7, 8, 9], abs=0.25)


def test_speed_stretches_the_time_of_the_source(room: Room) -> None:
    room.start(speed=4, rate=1)
    room.run(3)
    assert room.pipeline.frames == pytest.approx([0, 4, 8], abs=0.5)


def test_speed_zero_goes_in_even_steps_and_ends_by_itself(room: Room) -> None:
    room.source.frames = 5
    session = room.start(speed=0, rate=0.5)
    while room.runner.wait() == 0:
        room.runner.step()
    stored = room.store.session(session)
    assert list(room.store.class_looks(session)["seconds"]) == [0, 2, 4, 6, 8]
    assert stored.ended == "stopped"
    assert stored.end is not None
    assert (stored.end - stored.start).total_seconds() == 8
    assert room.source.closed
    assert room.runner.status.session is None


def test_pausing_reads_nothing_and_leaves_a_gap(room: Room) -> None:
    session = room.start(rate=1)
    room.run(3)
    room.runner.pause()
    assert room.runner.status.health.state is HealthState.PAUSED
    assert room.runner.picture() is None
    grabbed = len(room.source.grabbed)
    room.run(20)
    assert len(room.source.grabbed) == grabbed
    room.runner.resume()
    room.run(3)
    room.runner.stop()
    seconds = room.store.class_looks(session)["seconds"]
    assert seconds.diff().max() > 19
    health = room.store.health(session)
    assert health is not None
    assert health.state is HealthState.STOPPED


def test_no_gallery_and_no_window_are_told_and_tried_again(room: Room) -> None:
    room.start(rate=1)
    room.pipeline.empty = True
    room.run(1)
    assert room.runner.status.health.state is HealthState.NO_GALLERY
    room.pipeline.empty = False
    room.run(1)
    assert room.runner.status.health.state is HealthState.WATCHING
    room.source.fails = NoWindowError("No window has 'Zoom' in its title; open the call")
    room.run(1)
    status = room.runner.status
    assert (status.health.state, status.health.detail) == (HealthState.NO_WINDOW, str(room.source.fails))
    room.source.fails = None
    room.run(3)
    assert room.runner.status.health.state is HealthState.WATCHING


def test_a_source_that_keeps_failing_is_tried_less_and_less_often(room: Room) -> None:
    room.start(rate=1)
    room.source.fails = SourceError("gone")
    tries: list[float] = []
    grab = room.source.grab

    def counting(seconds: float) -> Image | None:
        tries.append(seconds)
        return grab(seconds)

    room.source.grab = counting  # type: ignore[method-assign]  # a spy on the one method
    room.run(200)
    gaps = [round(later - sooner, 1) for sooner, later in itertools.pairwise(tries)]
    assert gaps == sorted(gaps)
    assert gaps[0] < 3
    assert max(gaps) <= 61


def test_a_mistake_of_ours_does_not_end_the_session(room: Room) -> None:
    session = room.start(rate=1)
    room.pipeline.fails = ZeroDivisionError("oops")
    room.run(1)
    health = room.runner.status.health
    assert health.state is HealthState.ERROR
    assert "Traceback" not in health.detail
    assert "oops" not in health.detail
    room.pipeline.fails = None
    room.run(5)
    assert room.runner.status.health.state is HealthState.WATCHING
    assert room.runner.status.session == session


def test_what_the_teacher_does_reaches_the_pipeline(room: Room) -> None:
    marker = Marker(3.0, MarkerKind.BREAK)
    room.runner.mark(marker)  # no session runs: nothing to tell
    room.start(rate=1)
    room.run(4)
    room.runner.mark(marker)
    room.runner.answer(2, Answer.NOT_NOW)
    room.runner.name(3, "Ana")
    room.runner.leave_out(4, True)
    room.runner.own(1)
    assert room.pipeline.told == [
        marker,
        (2, Answer.NOT_NOW, pytest.approx(3, abs=0.2)),
        (3, "Ana"),
        ("leave_out", 4, True),
        ("own", 1),
    ]
    room.runner.merge(5, 2)
    room.runner.split(5)
    assert room.pipeline.told[-2:] == [("merge", 5, 2), ("split", 5)]


def test_the_teachers_own_name_is_expected_in_the_next_session(room: Room) -> None:
    room.runner.start(StartRequest(SourceSpec(SourceKind.SYNTHETIC), 0.5, own=(0.25, 0.5)))
    assert room.pipeline.expected == ((0.25, 0.5), "")
    room.pipeline.own_name = "Mónica Ruiz"
    room.run(3)
    assert room.runner.status.own == "Mónica Ruiz"
    room.start()
    assert room.pipeline.expected == (None, "Mónica Ruiz")
    room.runner.start(StartRequest(SourceSpec(SourceKind.SYNTHETIC), 0.5, own_label="Ruiz, M."))
    assert room.pipeline.expected == (None, "Ruiz, M.")


def test_the_capture_shows_the_tiles_and_paints_over_who_is_left_out(room: Room) -> None:
    assert room.runner.capture() is None
    room.start()
    room.run(3)
    found = room.runner.capture()
    assert found is not None
    assert (found.width, found.height) == (160, 90)
    assert [each.box for each in found.tiles] == [Box(0, 0, 160, 90)]
    room.pipeline.state = TileState.LEFT_OUT
    room.runner.leave_out(1, True)
    assert room.runner.capture() is None, "from the click on, not from the next look on"
    room.run(3)
    painted = room.runner.capture()
    assert painted is not None
    middle = picture_of(painted.jpeg, "capture", 1000)[45, 80]
    assert set(middle.tolist()) == {128}
    room.runner.pause()
    assert room.runner.capture() is None


def test_a_picture_is_never_shown_with_the_tiles_of_another_look(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener may ask while a look is under way: the new picture has no tiles to paint over yet."""
    room.start()
    asked = []
    looking = room.pipeline.look

    def look(frame: Frame) -> Look:
        asked.append(room.runner.capture())
        return looking(frame)

    monkeypatch.setattr(room.pipeline, "look", look)
    room.run(1)
    assert asked[0] is None
    assert room.runner.capture() is not None


def test_a_second_start_ends_the_first_session(room: Room) -> None:
    first = room.start()
    room.run(1)
    second = room.start()
    assert first != second
    assert room.store.session(first).ended == "stopped"
    assert room.store.session(second).ended is None


def test_a_picture_is_given_from_memory_and_gone_after_the_session(room: Room) -> None:
    assert room.runner.picture() is None
    room.start()
    room.run(1)
    picture = room.runner.picture()
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")
    room.runner.stop()
    assert room.runner.picture() is None


def test_names_are_read_behind_and_arrive_at_a_later_look() -> None:
    read = threading.Event()

    def reader(label: Image) -> str:
        read.set()
        return "Ana"

    room = Room(reader)
    session = room.start(rate=1)
    room.run(1)
    assert read.wait(5)
    for _ in range(100):
        room.run(1)
        if room.pipeline.told:
            break
    room.runner.stop()
    assert room.pipeline.told == [(1, "Ana")]
    assert room.store.names(session) == {1: "Ana"}
    room.runner.close()


def test_a_name_is_read_again_once_its_label_says_something_else() -> None:
    names = iter(("Ana", "Ana Silva"))
    room = Room(lambda label: next(names))
    session = room.start(rate=1)

    def wait_for(name: str) -> None:
        for _ in range(100):
            room.run(1)
            if room.pipeline.told[-1:] == [(1, name)]:
                return

    wait_for("Ana")
    room.run(3)
    assert room.pipeline.told == [(1, "Ana")]
    room.pipeline.relabelled = frozenset({1})
    wait_for("Ana Silva")
    room.runner.stop()
    assert room.store.names(session) == {1: "Ana Silva"}
    room.runner.close()


def test_a_name_on_the_roster_is_written_as_it_stands_there(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("name,aliases\nAna Silva,Ana S;AS\n", encoding="utf-8")
    room = Room(lambda label: "Ana S (she/her)")
    request = StartRequest(SourceSpec(SourceKind.SYNTHETIC), 1.0, roster=str(roster))
    session = room.runner.start(request)
    for _ in range(100):
        room.run(1)
        if room.pipeline.told:
            break
    assert room.store.names(session) == {1: "Ana Silva"}
    with pytest.raises(SettingsError, match="cannot be read"):
        room.runner.start(replace(request, roster=str(tmp_path / "none.csv")))
    room.runner.close()


class TestListener:
    """The far end of the pipe."""

    @pytest.fixture
    def pipe(self) -> Iterator[tuple[Any, Room, threading.Thread]]:
        room = Room()
        ours, theirs = multiprocessing.Pipe()
        listener = Listener(theirs, room.runner, room.clock)
        thread = threading.Thread(target=listener.serve)
        thread.start()
        yield ours, room, thread
        ours.close()
        thread.join(10)

    @staticmethod
    def ask(pipe: Any, number: int, method: str, *arguments: Any) -> Reply:
        pipe.send(Ask(number, method, arguments))
        assert pipe.poll(10)
        reply = pipe.recv()
        assert isinstance(reply, Reply)
        assert reply.number == number
        return reply

    def test_it_answers_and_ends_when_the_pipe_closes(self, pipe: tuple[Any, Room, threading.Thread]) -> None:
        ours, room, thread = pipe
        started = self.ask(ours, 1, "start", StartRequest(SourceSpec(SourceKind.SYNTHETIC), 0.5))
        assert self.ask(ours, 2, "status").result.session == started.result
        assert self.ask(ours, 3, "busy").result == 0
        ours.close()  # the dashboard died
        thread.join(10)
        assert not thread.is_alive()
        assert room.source.closed

    def test_a_problem_comes_back_as_its_sentence(self, pipe: tuple[Any, Room, threading.Thread]) -> None:
        ours, room, _ = pipe
        room.source.fails = SourceError("screen: it is dark; switch it on")
        reply = self.ask(ours, 1, "preview", SourceSpec())
        assert reply.problem == "screen: it is dark; switch it on"
        unknown = self.ask(ours, 2, "no_such_thing")
        assert unknown.problem is not None
        assert "AttributeError" in unknown.problem

    def test_a_preview_shows_a_picture_without_a_session(
        self, pipe: tuple[Any, Room, threading.Thread]
    ) -> None:
        ours, room, _ = pipe
        preview = self.ask(ours, 1, "preview", SourceSpec()).result
        assert (preview.width, preview.height) == (160, 90)
        assert preview.jpeg.startswith(b"\xff\xd8")
        assert room.source.closed
        assert self.ask(ours, 2, "status").result.session is None

    def test_close_saves_and_says_so(self, pipe: tuple[Any, Room, threading.Thread]) -> None:
        ours, room, thread = pipe
        self.ask(ours, 1, "start", StartRequest(SourceSpec(SourceKind.SYNTHETIC), 0.5))
        assert self.ask(ours, 2, "close").problem is None
        thread.join(10)
        assert not thread.is_alive()
        assert room.source.closed

    def test_what_cannot_be_saved_at_the_end_is_told_and_the_rest_is_closed(
        self, pipe: tuple[Any, Room, threading.Thread], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, room, thread = pipe
        self.ask(ours, 1, "start", StartRequest(SourceSpec(SourceKind.SYNTHETIC), 0.5))

        def full() -> None:
            raise StoreError("the store cannot be written: disk is full; free some space")

        monkeypatch.setattr(room.store, "flush", full)
        reply = self.ask(ours, 2, "close")
        assert reply.result == "the store cannot be written: disk is full; what was read since then is lost"
        thread.join(10)
        assert not thread.is_alive()
        assert room.source.closed


def test_a_picture_is_tried_in_memory_and_a_bad_one_gets_one_line(room: Room) -> None:
    png = io.BytesIO()
    Pillow.fromarray(np.full((100, 2560, 3), 200, np.uint8)).save(png, "PNG")
    face = Face(Box(200, 20, 40, 60), 0.9)
    expression = Expression((0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1), True)
    tile = Tile(Box(100, 0, 400, 100), TileState.FACE, (face,))
    seen: list[tuple[int, ...]] = []

    def read(image: Image) -> PictureReading:
        seen.append(image.shape)
        return PictureReading(2560, 100, (TileReading(tile, None, (expression,)),))

    runner = Runner(
        room.settings,
        room.store,
        lambda: cast(Pipeline, room.pipeline),
        room.open_source,
        "0" * 64,
        room.clock,
        read=read,
    )
    assert runner.preview(SourceSpec()).tiles == (replace(tile, faces=()),)
    seen.clear()
    tried = runner.read_picture(png.getvalue())
    assert seen == [(100, 2560, 3)]
    assert (tried.width, tried.height) == (1280, 50)
    assert tried.faces == ((replace(face, box=Box(100, 10, 20, 30)), expression),)
    assert tried.jpeg.startswith(b"\xff\xd8")
    with pytest.raises(PictureError, match="This file: is not a picture"):
        runner.read_picture(b"text")
    with pytest.raises(SourceError):
        room.runner.read_picture(png.getvalue())
