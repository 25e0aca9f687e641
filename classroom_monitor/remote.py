"""The watching process as the dashboard sees it: one pipe that carries what the teacher does.

`Watcher` is what the pages need; `RemoteWatcher` is the real one, which starts the process, asks it through
the pipe, and starts it anew when it dies or hangs. Pictures pass only on demand and stay in memory.
"""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import multiprocessing.connection
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from classroom_monitor.clock import Clock, RealClock
from classroom_monitor.errors import ClassroomError, StoreError
from classroom_monitor.records import (
    Answer,
    Health,
    HealthState,
    Marker,
    Preview,
    SourceChoice,
    SourceSpec,
    StartRequest,
    TriedPicture,
    WatcherStatus,
)

log = logging.getLogger(__name__)

#: The first answer may wait for the libraries to load on a slow machine.
START_TIMEOUT = 90.0
ANSWER_TIMEOUT = 20.0
#: A look that takes longer (s) means that a model hangs. A busy machine needs up to 20 s for the first look
#: at a large class, and to stop a watcher that is merely slow loses more than to wait for one that hangs.
STUCK_AFTER = 60.0
#: More deaths than this in a minute and we stop trying (Frigate's rule).
DEATHS_A_MINUTE = 5


class Watcher(Protocol):
    """What the pages ask of the watching process."""

    def choices(self) -> tuple[SourceChoice, ...]:
        """Monitors and windows that can be watched."""

    def preview(self, spec: SourceSpec) -> Preview:
        """One picture of the source with the tiles found in it. Raises SourceError."""

    def read_picture(self, data: bytes) -> TriedPicture:
        """The faces in a picture file, given as its bytes. Raises PictureError."""

    def start(self, request: StartRequest) -> str:
        """Starts a session and returns its id. Raises ClassroomError."""

    def stop(self) -> None:
        """Ends the session; everything is on disk when it returns."""

    def pause(self) -> None:
        """Nothing is read until `resume`."""

    def resume(self) -> None:
        """Reads on."""

    def status(self) -> WatcherStatus:
        """The running session, if any, and its health."""

    def picture(self) -> bytes | None:
        """The last frame as a JPEG, from memory; None where there is none."""

    def capture(self) -> Preview | None:
        """The last picture with the tiles found in it, from memory; None where there is none."""

    def mark(self, marker: Marker) -> None:
        """The teacher set a marker."""

    def answer(self, number: int, answer: Answer) -> None:
        """The teacher answered the flag of that number."""

    def name(self, student: int, name: str) -> None:
        """The teacher corrected a name."""

    def leave_out(self, student: int, out: bool) -> None:
        """The teacher leaves a student out, or takes them in again."""

    def own(self, student: int) -> None:
        """That tile is the teacher's own."""

    def merge(self, student: int, into: int) -> None:
        """Two students are one: the second number goes on."""

    def split(self, student: int) -> None:
        """A merge is taken back."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request on the pipe."""

    number: int
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the request of that number; `problem` is the text of a ClassroomError."""

    number: int
    result: Any = None
    problem: str | None = None


class RemoteWatcher:
    """Starts and holds the watching process.

    target: the function that runs in the process; it gets one end of the pipe and `arguments`.
    Thread-safe: the pages are served by several threads.
    """

    def __init__(
        self, target: Callable[..., None], arguments: tuple[Any, ...], clock: Clock | None = None
    ) -> None:
        self._target, self._arguments = target, arguments
        self._clock = clock or RealClock()
        self._context = multiprocessing.get_context("spawn")
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._replies: dict[int, Reply] = {}
        self._arrived = threading.Condition()
        self._closing = False
        self._request: StartRequest | None = None
        self._began_in: BaseProcess | None = None  # the process in which the request was started
        self._own_name = ""  # of the teacher's own tile, which a session that goes on leaves out again
        self._deaths: list[float] = []
        self._problem = ""
        self._process: BaseProcess
        self._pipe: Connection
        self._spawn()
        threading.Thread(target=self._supervise, name="watcher-supervisor", daemon=True).start()

    def _spawn(self) -> None:
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=self._target, args=(theirs, *self._arguments), name="classroom-watcher", daemon=True
        )
        self._process.start()
        theirs.close()
        threading.Thread(target=self._listen, args=(self._pipe,), name="watcher-replies", daemon=True).start()

    def _listen(self, pipe: Connection) -> None:
        while True:
            try:
                reply = pipe.recv()
            except (EOFError, OSError):
                break
            with self._arrived:
                self._replies[reply.number] = reply
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()

    def _ask(self, method: str, *arguments: Any, timeout: float = ANSWER_TIMEOUT) -> Any:
        number, pipe, process = next(self._numbers), self._pipe, self._process
        try:
            with self._lock:
                pipe.send(Ask(number, method, arguments))
        except (OSError, ValueError):
            raise ClassroomError(
                "The watcher is not running; it is being started again, try in a moment."
            ) from None
        deadline = time.monotonic() + timeout
        with self._arrived:
            while number not in self._replies and process.is_alive() and self._pipe is pipe:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._arrived.wait(min(left, 0.2))  # a death gives no notice
            reply = self._replies.pop(number, None)
        if reply is None:
            raise ClassroomError("The watcher does not answer; it is being started again, try in a moment.")
        if reply.problem is not None:
            raise ClassroomError(reply.problem)
        return reply.result

    def _supervise(self) -> None:
        """Starts the process again when it has died or hangs; a running session goes on as a new one."""
        while not self._closing:
            multiprocessing.connection.wait([self._process.sentinel], 1.0)
            if self._closing:
                return
            if self._process.is_alive():
                if self._stuck():
                    log.error("The watcher hangs: started again")
                    self._process.kill()
                    self._process.join(5)
                else:
                    continue
            if self._closing:
                return
            now = self._clock.monotonic()
            self._deaths = [at for at in self._deaths if now - at < 60] + [now]
            if len(self._deaths) > DEATHS_A_MINUTE:
                self._problem = (
                    "The watcher keeps stopping. Close the program and run: classroom-monitor doctor"
                )
                return
            log.error("The watcher stopped with code %s: started again", self._process.exitcode)
            self._pipe.close()
            self._spawn()
            if self._request is not None:
                title = self._request.title
                continued = title if title.endswith("(continued)") else f"{title} (continued)".strip()
                again = replace(self._request, title=continued, own=None, own_label=self._own_name)
                try:
                    self.start(again)  # without the point: the tiles have moved since
                except ClassroomError as problem:
                    self._request = None
                    log.error("The session could not go on: %s", problem)

    def _stuck(self) -> bool:
        try:
            busy = self._ask("busy", timeout=START_TIMEOUT)
        except ClassroomError:
            return self._process.is_alive()
        return bool(busy > STUCK_AFTER)

    def choices(self) -> tuple[SourceChoice, ...]:
        """Monitors and windows that can be watched."""
        result: tuple[SourceChoice, ...] = self._ask("choices", timeout=START_TIMEOUT)
        return result

    def preview(self, spec: SourceSpec) -> Preview:
        """One picture of the source with the tiles found in it. Raises ClassroomError."""
        result: Preview = self._ask("preview", spec, timeout=START_TIMEOUT)
        return result

    def read_picture(self, data: bytes) -> TriedPicture:
        """The faces in a picture file, given as its bytes. Raises ClassroomError."""
        result: TriedPicture = self._ask("read_picture", data, timeout=START_TIMEOUT)
        return result

    def start(self, request: StartRequest) -> str:
        """Starts a session and returns its id. Raises ClassroomError."""
        process = self._process
        session: str = self._ask("start", request, timeout=START_TIMEOUT)
        self._request, self._began_in = request, process
        return session

    def stop(self) -> None:
        """Ends the session; everything is on disk when it returns."""
        self._request = None
        self._ask("stop")

    def pause(self) -> None:
        """Nothing is read until `resume`."""
        self._ask("pause")

    def resume(self) -> None:
        """Reads on."""
        self._ask("resume")

    def status(self) -> WatcherStatus:
        """The running session, if any, and its health; never raises."""
        try:
            result: WatcherStatus = self._ask("status", timeout=5.0)
        except ClassroomError as problem:
            return WatcherStatus(
                None, Health(HealthState.ERROR, self._clock.utc(), self._problem or str(problem))
            )
        self._own_name = result.own or self._own_name
        if result.session is None and self._began_in is self._process:
            self._request = None  # it came to its own end; one that died with its process goes on
        return result

    @property
    def ended(self) -> bool:
        """Whether no session runs that was started here: it came to its own end, or was stopped."""
        self.status()
        return self._request is None

    def picture(self) -> bytes | None:
        """The last frame as a JPEG, from memory; None where there is none."""
        result: bytes | None = self._ask("picture")
        return result

    def capture(self) -> Preview | None:
        """The last picture with the tiles found in it, from memory; None where there is none."""
        result: Preview | None = self._ask("capture")
        return result

    def mark(self, marker: Marker) -> None:
        """The teacher set a marker."""
        self._ask("mark", marker)

    def answer(self, number: int, answer: Answer) -> None:
        """The teacher answered the flag of that number."""
        self._ask("answer", number, answer)

    def name(self, student: int, name: str) -> None:
        """The teacher corrected a name."""
        self._ask("name", student, name)

    def leave_out(self, student: int, out: bool) -> None:
        """The teacher leaves a student out, or takes them in again."""
        self._ask("leave_out", student, out)

    def own(self, student: int) -> None:
        """That tile is the teacher's own."""
        self._ask("own", student)

    def merge(self, student: int, into: int) -> None:
        """Two students are one: the second number goes on."""
        self._ask("merge", student, into)

    def split(self, student: int) -> None:
        """A merge is taken back."""
        self._ask("split", student)

    def close(self) -> None:
        """Ends the session and the process; safe to call twice.

        Raises StoreError where the end of the session could not be saved.
        """
        if self._closing:
            return
        self._closing = True
        self._request = None
        unsaved: str | None = None
        try:
            unsaved = self._ask("close", timeout=10.0)
        except ClassroomError:
            log.warning("The watcher did not stop by itself")
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(5)
        self._pipe.close()
        if unsaved is not None:
            raise StoreError(unsaved)
