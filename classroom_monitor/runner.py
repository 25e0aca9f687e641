"""The watching process: gives the pipeline its cadence, saves what it sees, and obeys the teacher.

Two threads: one looks, one listens to the pipe. The listener answers what must be quick (status, picture)
from what the looker left; everything else waits in a queue and is done between two looks, so the parts of
the pipeline never meet two threads. Names are read by a third, behind, and arrive through the same queue.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classroom_monitor import __version__
from classroom_monitor.clock import Clock, RealClock
from classroom_monitor.errors import ClassroomError, NoWindowError, SourceError, StoreError
from classroom_monitor.logs import log_to_file
from classroom_monitor.names import NamesBehind, Roster, clean_name, read_roster
from classroom_monitor.pictures import picture_of
from classroom_monitor.records import (
    Answer,
    Box,
    Frame,
    Health,
    HealthState,
    Image,
    Look,
    Marker,
    Preview,
    Session,
    SourceChoice,
    SourceKind,
    SourceSpec,
    StartRequest,
    Tile,
    TileState,
    TriedPicture,
    WatcherStatus,
)
from classroom_monitor.remote import Ask, Reply
from classroom_monitor.settings import Settings
from classroom_monitor.sources.capture import CaptureWatch

if TYPE_CHECKING:
    from classroom_monitor.pipeline import Pipeline
    from classroom_monitor.read import PictureReading
    from classroom_monitor.sources import Source
    from classroom_monitor.store import Store

log = logging.getLogger(__name__)

#: Pictures that go to a page are no wider than this (pixels).
PICTURE_WIDTH = 1280
#: A source that fails is asked again after so many seconds, each time twice as long up to the last (R1).
RETRY_FIRST, RETRY_LAST = 2.0, 60.0
#: Sources whose picture can be black, frozen or covered.
LIVE = (SourceKind.SCREEN, SourceKind.WEBCAM)
#: Health is written when it changes, and at least so often (s), so that a page can tell a dead watcher.
HEARTBEAT = 5.0


@dataclass(slots=True)
class Running:
    """A session that runs."""

    session: Session
    request: StartRequest
    source: Source
    pipeline: Pipeline
    began: float
    capture: CaptureWatch
    roster: Roster | None
    live: int = 0  # faces of live video at the last look
    looks: int = 0
    last_look: float = 0.0
    seconds: float = 0.0
    paused: bool = False


class Runner:
    """Runs sessions, one at a time. Everything it works with is handed in.

    make_pipeline: a fresh pipeline for each session. open_source: opens a source or raises SourceError.
    read: reads a single picture by itself, for a preview and for the page where one is tried; without it
    neither shows any tile.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        make_pipeline: Callable[[], Pipeline],
        open_source: Callable[[SourceSpec, Settings], Source],
        weights_sha256: str,
        clock: Clock,
        name_reader: Callable[[Image], str | None] | None = None,
        read: Callable[[Image], PictureReading] | None = None,
    ) -> None:
        self._read = read
        self._settings, self._store, self._clock = settings, store, clock
        self._make_pipeline, self._open_source = make_pipeline, open_source
        self._weights_sha256 = weights_sha256
        self._running: Running | None = None
        self._health = Health(HealthState.STOPPED, clock.utc())
        self._health_saved = -1e9
        self._retry_at, self._retry_after = 0.0, RETRY_FIRST
        # Set in one step: the listener's thread must not pair one look's tiles with another's picture.
        self._seen: tuple[Image, tuple[Tile, ...]] | None = None
        self._own_name = ""  # of this run of the program; the pages write it into the settings
        self._names = NamesBehind(name_reader) if name_reader and settings.names.names == "read" else None
        self.busy_since: float | None = None

    @property
    def status(self) -> WatcherStatus:
        """The running session, if any, and its health."""
        running = self._running
        if running is None:
            return WatcherStatus(None, self._health)
        itself = bool(getattr(running.source, "sees_itself", False))  # only the screen can
        return WatcherStatus(
            running.session.id, self._health, running.seconds, running.looks, self._own_name, itself
        )

    def start(self, request: StartRequest) -> str:
        """Begins a session; one that runs is ended first. Raises SourceError where nothing can be watched."""
        self.stop()
        roster = read_roster(Path(request.roster)) if request.roster else None
        source = self._open_source(request.source, self._settings)
        utc = self._clock.utc()
        session = Session(
            id=f"{utc:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}",
            title=request.title or f"Session of {utc.astimezone():%d %b %Y, %H:%M}",
            course=request.course,
            start=utc,
            end=None,
            ended=None,
            source=source.description,
            rate=request.rate,
            students_told=request.students_told,
            app_version=__version__,
            weights_sha256=self._weights_sha256,
            class_only=request.class_only or self._settings.store.class_only,
        )
        self._store.begin(session)
        if self._names:
            self._names.forget()
        now = self._clock.monotonic()
        pipeline = self._make_pipeline()
        pipeline.expect_own(request.own, "" if request.own else request.own_label or self._own_name)
        self._running = Running(session, request, source, pipeline, now, CaptureWatch(), roster)
        self._retry_at, self._retry_after = 0.0, RETRY_FIRST
        self._say(HealthState.WATCHING)
        return session.id

    def stop(self) -> None:
        """Ends the session: the turns are found and everything is on disk when it returns."""
        running, self._running = self._running, None
        self._seen = None
        if running is None:
            return
        running.source.close()
        session = running.session.id
        try:
            self._store.flush()
            self._find_turns(session)
            self._store.set_health(session, Health(HealthState.STOPPED, self._clock.utc()))
            end = self._clock.utc()
            if running.request.speed == 0:  # such a session passed in the source's time, not in ours
                end = running.session.start + timedelta(seconds=running.seconds)
            self._store.finish(session, end)
        finally:
            self._health = Health(HealthState.STOPPED, self._clock.utc())

    def pause(self) -> None:
        """Nothing is read nor grabbed until `resume`."""
        if self._running and not self._running.paused:
            self._running.paused = True
            self._seen = None
            self._say(HealthState.PAUSED)

    def resume(self) -> None:
        """Reads on; the time in between stays a gap."""
        if self._running and self._running.paused:
            self._running.paused = False
            self._say(HealthState.WATCHING)

    def mark(self, marker: Marker) -> None:
        """The teacher set a marker."""
        if self._running:
            self._running.pipeline.mark(marker)

    def answer(self, number: int, answer: Answer) -> None:
        """The teacher answered a flag."""
        if self._running:
            self._running.pipeline.answer(number, answer, self._running.seconds)

    def name(self, student: int, name: str) -> None:
        """The teacher corrected a name."""
        if self._running:
            self._running.pipeline.name(student, name)

    def leave_out(self, student: int, out: bool) -> None:
        """The teacher leaves a student out, or takes them in again."""
        if self._running:
            self._running.pipeline.leave_out(student, out)
            self._seen = None  # it still shows them

    def merge(self, student: int, into: int) -> None:
        """The teacher said that two students are one: the second number goes on."""
        if self._running:
            self._running.pipeline.merge(student, into)

    def split(self, student: int) -> None:
        """The teacher took a merge back."""
        if self._running:
            self._running.pipeline.split(student)

    def own(self, student: int) -> None:
        """That tile is the teacher's own: left out, and known again by its label."""
        if self._running:
            self._running.pipeline.own(student)
            self._seen = None  # it still shows them

    def choices(self) -> tuple[SourceChoice, ...]:
        """Monitors and windows that can be watched."""
        from classroom_monitor.sources import choices

        return choices()

    def preview(self, spec: SourceSpec) -> Preview:
        """One picture of the source with the tiles that a session would find in it; nothing is kept."""
        source = self._open_source(spec, self._settings)
        try:
            image = source.grab(0.0)
        finally:
            source.close()
        if image is None:
            raise SourceError(f"{source.description}: it gave no picture")
        return _preview(image, tuple(each.tile for each in self._read(image).tiles) if self._read else ())

    def read_picture(self, data: bytes) -> TriedPicture:
        """The faces in a picture file, given as its bytes; nothing is kept. Raises PictureError."""
        if self._read is None:
            raise SourceError("Pictures cannot be read here; start the program without a session to try one.")
        image = picture_of(data, "This file", self._settings.capture.max_side)
        reading = self._read(image)
        jpeg, scale = _jpeg(image)
        faces = tuple(
            (replace(face, box=_scaled(face.box, scale)), expression)
            for each in reading.tiles
            for face, expression in zip(each.tile.faces, each.expressions, strict=True)
        )
        return TriedPicture(jpeg, round(image.shape[1] * scale), round(image.shape[0] * scale), faces)

    def picture(self) -> bytes | None:
        """The last frame as a JPEG, from memory."""
        seen = self._seen
        return None if seen is None else _jpeg(seen[0])[0]

    def capture(self) -> Preview | None:
        """The last picture with the tiles found in it, from memory; those left out are painted over."""
        seen = self._seen
        if seen is None:
            return None
        image, tiles = seen
        hidden = [tile.box for tile in tiles if tile.state is TileState.LEFT_OUT]
        if hidden:
            image = image.copy()
            for box in hidden:
                box.clip(image.shape[1], image.shape[0]).cut(image)[:] = 128
        return _preview(image, tiles)

    def wait(self) -> float:
        """Seconds until something is to be done: 0 when a look is due, infinite when no session runs."""
        running = self._running
        if running is None:
            return float("inf")
        now = self._clock.monotonic()
        if running.paused:
            return 1.0
        if now < self._retry_at:
            return self._retry_at - now
        if running.request.speed == 0:
            return 0.0
        return max(0.0, running.began + self._due(running) - now)

    def step(self) -> None:
        """One look, if a session runs and is not paused. What fails is told in the health and tried again."""
        running = self._running
        if running is None:
            return
        if running.paused:
            self._beat()
            return
        self.busy_since = self._clock.monotonic()
        try:
            self._look(running)
            self._retry_after = RETRY_FIRST
        except NoWindowError as problem:  # asking for a window costs nothing, and it may be back any moment
            self._say(HealthState.NO_WINDOW, str(problem))
            self._retry_at = self._clock.monotonic() + RETRY_FIRST
        except StoreError as problem:
            self._say(HealthState.NOT_SAVING, str(problem))
        except ClassroomError as problem:
            self._fail(HealthState.ERROR, problem)
        except Exception as problem:  # the last net: a mistake of ours must not end a lecture's session
            log.exception("A look failed")
            self._fail(HealthState.ERROR, problem)
        finally:
            self.busy_since = None
        self._beat()

    def close(self) -> None:
        """Ends the session and everything that runs behind."""
        try:
            self.stop()
        finally:
            if self._names:
                self._names.close()
            self._store.close()

    def _due(self, running: Running) -> float:
        """When the next look is due, in seconds of the clock since the start: newest wins, none is queued."""
        return running.last_look + 1.0 / running.request.rate if running.looks else 0.0

    def _look(self, running: Running) -> None:
        passed = self._clock.monotonic() - running.began
        running.last_look = passed
        speed = running.request.speed
        seconds = passed * speed if speed else running.looks / running.request.rate
        image = running.source.grab(seconds)
        if image is None:
            self.stop()
            return
        running.looks += 1
        running.seconds = seconds
        if running.request.source.kind in LIVE:
            hidden = getattr(running.source, "hidden", 0.0)  # only a window on the screen knows
            problem = running.capture.see(passed, image, running.live, hidden)
            if problem is not None:
                self._seen = None
                self._say(*problem)
                return
        utc = self._clock.utc() if speed else running.session.start + timedelta(seconds=seconds)
        if self._names:
            for student, text in self._names.arrived():
                running.pipeline.name(student, text)
                listed = running.roster.match(text) if running.roster else None
                self._store.read_name(running.session.id, student, listed or clean_name(text))
        look = running.pipeline.look(Frame(image, seconds, utc))
        self._seen = (image, look.gallery.tiles)
        self._own_name = running.pipeline.own_name or self._own_name
        if self._names:
            self._names.again(running.pipeline.renamed())
            self._names.ask(running.pipeline.labels())
        self._store.add_look(running.session.id, look)
        running.live = sum(
            len(tile.faces) for tile in look.gallery.tiles if tile.state is not TileState.PHOTO
        )
        self._judge(look)

    def _judge(self, look: Look) -> None:
        if look.gallery.tiles:
            self._say(HealthState.WATCHING)
        else:
            self._say(
                HealthState.NO_GALLERY,
                "No gallery is to be seen. Switch the call to gallery view and keep its window in sight.",
            )

    def _fail(self, state: HealthState, problem: Exception) -> None:
        """Tells the cause; the source is asked again after a while."""
        self._say(state, str(problem) if isinstance(problem, ClassroomError) else _ours(problem))
        self._retry_at = self._clock.monotonic() + self._retry_after
        self._retry_after = min(RETRY_LAST, self._retry_after * 2)

    def _say(self, state: HealthState, detail: str = "") -> None:
        changed = (state, detail) != (self._health.state, self._health.detail)
        self._health = Health(state, self._clock.utc(), detail)
        if changed:
            log.info("Health: %s", state)
            self._health_saved = -1e9
            self._beat()

    def _beat(self) -> None:
        now = self._clock.monotonic()
        if self._running and now - self._health_saved >= HEARTBEAT:
            self._health_saved = now
            try:
                self._store.set_health(self._running.session.id, self._health)
            except StoreError as problem:
                self._health = Health(HealthState.NOT_SAVING, self._clock.utc(), str(problem))

    def _find_turns(self, session: str) -> None:
        from classroom_monitor.moments import find_turns

        turns = find_turns(self._store.class_looks(session), self._store.markers(session))
        self._store.add_turns(session, turns)


class Listener:
    """Answers the pipe: at once what must be quick, the rest between two looks."""

    QUICK = ("status", "picture", "capture", "busy")

    def __init__(self, pipe: Connection, runner: Runner, clock: Clock) -> None:
        self._pipe, self._runner, self._clock = pipe, runner, clock
        self._asked: queue.Queue[Ask] = queue.Queue()
        self._sending = threading.Lock()
        self.open = True
        threading.Thread(target=self._listen, name="pipe", daemon=True).start()

    def serve(self) -> None:
        """Looks and obeys until the pipe closes."""
        while self.open:
            wait = self._runner.wait()
            try:
                ask = self._asked.get(timeout=min(wait, 1.0)) if wait > 0 else self._asked.get_nowait()
            except queue.Empty:
                if wait <= 1.0:
                    self._runner.step()
                continue
            self._obey(ask)
        try:
            self._runner.close()
        except StoreError as problem:  # who asked was told
            log.error("%s", problem)

    def _listen(self) -> None:
        while True:
            try:
                ask = self._pipe.recv()
            except (EOFError, OSError):  # the dashboard is gone: save and end
                self._asked.put(Ask(0, "close", ()))
                return
            if ask.method in self.QUICK:
                self._send(Reply(ask.number, self._quick(ask.method)))
            else:
                self._asked.put(ask)

    def _quick(self, method: str) -> Any:
        if method == "status":
            return self._runner.status
        if method == "picture":
            return self._runner.picture()
        if method == "capture":
            return self._runner.capture()
        since = self._runner.busy_since
        return 0.0 if since is None else self._clock.monotonic() - since

    def _obey(self, ask: Ask) -> None:
        if ask.method == "close":
            self.open = False
            unsaved = None
            try:
                self._runner.stop()
            except StoreError as problem:
                unsaved = f"{str(problem).partition(';')[0]}; what was read since then is lost"
            self._send(Reply(ask.number, unsaved))
            return
        try:
            self._send(Reply(ask.number, getattr(self._runner, ask.method)(*ask.arguments)))
        except ClassroomError as problem:
            self._send(Reply(ask.number, problem=str(problem)))
        except Exception as problem:  # told to the page as a sentence; the traceback is in the log
            log.exception("%s failed", ask.method)
            self._send(Reply(ask.number, problem=_ours(problem)))

    def _send(self, reply: Reply) -> None:
        with self._sending:
            try:
                self._pipe.send(reply)
            except (OSError, ValueError):
                self.open = False


def watch(pipe: Connection, settings: Settings, store_url: str | None) -> None:
    """The watching process: listens to the pipe until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us through the pipe, after the dashboard
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    log_to_file("watcher")
    clock = RealClock()
    # Heavy libraries are loaded here, so that the process that serves the pages never pays for them.
    from classroom_monitor.parts import Parts
    from classroom_monitor.sources import open_source
    from classroom_monitor.store import open_store

    parts = Parts(settings)
    store = open_store(store_url, clock, settings.store)
    runner = Runner(
        settings,
        store,
        parts.pipeline,
        open_source,
        parts.model.weights_sha256,
        clock,
        parts.name_reader(),
        parts.read,
    )
    Listener(pipe, runner, clock).serve()
    parts.close()


def _ours(problem: Exception) -> str:
    """A sentence for a mistake of ours, without a traceback."""
    return f"Something went wrong ({type(problem).__name__}); it is tried again. The log has the details."


def _scaled(box: Box, scale: float) -> Box:
    return Box(round(box.x * scale), round(box.y * scale), round(box.w * scale), round(box.h * scale))


def _preview(image: Image, tiles: tuple[Tile, ...]) -> Preview:
    jpeg, scale = _jpeg(image)
    scaled = tuple(Tile(_scaled(each.box, scale), each.state, (), each.row, each.column) for each in tiles)
    return Preview(jpeg, round(image.shape[1] * scale), round(image.shape[0] * scale), scaled)


def _jpeg(image: Image) -> tuple[bytes, float]:
    """The picture as a JPEG no wider than PICTURE_WIDTH, and the scale."""
    import cv2

    scale = min(1.0, PICTURE_WIDTH / image.shape[1])
    if scale < 1.0:
        size = (PICTURE_WIDTH, max(1, round(image.shape[0] * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    done, coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise SourceError("The picture could not be coded")
    return coded.tobytes(), scale
