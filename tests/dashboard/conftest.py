"""A lecture in the in-memory store, a watcher that writes down what it is told, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from classroom_monitor.clock import SteppedClock
from classroom_monitor.errors import PictureError, SourceError
from classroom_monitor.records import (
    Answer,
    Box,
    Expression,
    Face,
    Flag,
    FlagKind,
    Health,
    HealthState,
    Hint,
    Look,
    Marker,
    Presence,
    Preview,
    Session,
    SourceChoice,
    SourceSpec,
    StartRequest,
    StudentState,
    Tile,
    TileState,
    Trend,
    TriedPicture,
    WatcherStatus,
)
from classroom_monitor.settings import Settings, load_settings
from classroom_monitor.store import Store, open_store
from dashboard import made_up
from dashboard.app import create_app
from dashboard.serving import serve

TOKEN = "a-start-token-of-more-than-32-characters"
START = datetime(2026, 11, 19, 9, 5, tzinfo=UTC)

#: Seven probabilities that look pleasant, neutral and unpleasant, in the order of EXPRESSIONS.
PLEASANT = (0.02, 0.01, 0.02, 0.70, 0.05, 0.05, 0.15)
NEUTRAL = (0.02, 0.01, 0.02, 0.10, 0.05, 0.05, 0.75)
UNPLEASANT = (0.05, 0.02, 0.03, 0.05, 0.50, 0.05, 0.30)

#: A picture of one pixel, the smallest JPEG a browser takes.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300030202020202030202020303030304060404040404080606"
    "050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f101011100a0c12131210130f101010ffc9000b0800010001"
    "01011100ffcc000600101005ffda0008010100003f00d2cf20ffd9"
)


@dataclass
class FakeWatcher:
    """Stands in for the watching process: one session, and a list of what the pages told it."""

    session: str | None = None
    seconds: float = 0.0
    state: HealthState = HealthState.WATCHING
    detail: str = ""
    told: list[object] = field(default_factory=list)
    own_name: str = ""
    sees_itself: bool = False

    def choices(self) -> tuple[SourceChoice, ...]:
        return (
            SourceChoice(SourceSpec(window="Zoom Meeting"), "Zoom Meeting"),
            SourceChoice(SourceSpec(monitor=1), "Monitor 1"),
        )

    def preview(self, spec: SourceSpec) -> Preview:
        if spec.monitor:
            raise SourceError("The screen is black; allow this program to read it.")
        tiles = tuple(Tile(Box(10 * i, 0, 9, 9), TileState.NO_FACE, row=0, column=i) for i in range(18))
        return Preview(JPEG, 180, 10, tiles)

    def read_picture(self, data: bytes) -> TriedPicture:
        if not data.startswith(b"\xff\xd8"):
            raise PictureError("This file: is not a picture; give a PNG or JPEG")
        face = Face(Box(20, 10, 30, 40), 0.9)
        sad = (0.06, 0.03, 0.10, 0.01, 0.47, 0.02, 0.31)
        return TriedPicture(
            JPEG,
            200,
            100,
            (
                (face, Expression(sad, True)),
                (replace(face, box=Box(120, 10, 30, 40)), Expression(sad, False, "blurred")),
                (replace(face, box=Box(160, 10, 30, 40)), None),
            ),
        )

    def start(self, request: StartRequest) -> str:
        self.told.append(request)
        self.session = "lecture"
        return "lecture"

    def stop(self) -> None:
        self.told.append("stop")
        self.session = None

    def pause(self) -> None:
        self.state = HealthState.PAUSED

    def resume(self) -> None:
        self.state = HealthState.WATCHING

    def status(self) -> WatcherStatus:
        return WatcherStatus(
            self.session,
            Health(self.state, START, self.detail),
            self.seconds,
            own=self.own_name,
            sees_itself=self.sees_itself,
        )

    def picture(self) -> bytes | None:
        return JPEG

    def mark(self, marker: Marker) -> None:
        self.told.append(marker)

    def answer(self, number: int, answer: Answer) -> None:
        self.told.append((number, answer))

    def name(self, student: int, name: str) -> None:
        self.told.append((student, name))

    def leave_out(self, student: int, out: bool) -> None:
        self.told.append((student, out))

    def own(self, student: int) -> None:
        self.told.append(("own", student))

    def merge(self, student: int, into: int) -> None:
        self.told.append(("merge", student, into))

    def split(self, student: int) -> None:
        self.told.append(("split", student))

    def capture(self) -> Preview | None:
        return None if self.session is None else self.preview(SourceSpec())


@dataclass
class Lecture:
    """A session that runs: its store and clock, and a function that adds a look."""

    store: Store
    clock: SteppedClock
    settings: Settings
    session: Session
    watcher: FakeWatcher
    seconds: float = 0.0

    def look(
        self,
        students: tuple[StudentState, ...],
        *flags: Flag,
        trend: Trend = Trend.STEADY,
        hint: Hint | None = None,
    ) -> Look:
        """Adds one look, two seconds after the last."""
        self.seconds += 2.0
        self.clock.step(2.0)
        mood = made_up.mood_of(students, trend)
        made = replace(
            made_up.look(0.0, 1.0, 1),
            seconds=self.seconds,
            utc=self.clock.utc(),
            students=students,
            mood=mood,
            flags=flags,
            hint=hint,
        )
        self.store.add_look(self.session.id, made)
        self.store.flush()
        self.watcher.seconds = self.seconds
        return made


def student(number: int, look: tuple[float, ...] | None = NEUTRAL, **more: Any) -> StudentState:
    """A student in a gallery of six columns; without a look the camera is off."""
    tile = Box((number - 1) % 6 * 320, (number - 1) // 6 * 180, 310, 174)
    presence = Presence.SEEN if look else Presence.CAMERA_OFF
    valence = None if look is None else 0.76 * look[3] - 0.6 * sum(look[:3]) - 0.63 * look[4]
    state = StudentState(number, presence, tile, look is not None, look, valence, 0.05)
    return replace(state, **more)


def flag(number: int, who: int, shown: float | None = 10.0, cleared: float | None = None) -> Flag:
    reason = (
        "Looks sad, lower than usual, for 2 min (54 of 60 looks). Could be concentration, light or a habit."
    )
    return Flag(number, who, FlagKind.LOWER, 10.0, shown, cleared, 60, 54, reason)


@pytest.fixture
def lecture() -> Iterator[Lecture]:
    """Twelve students, ten looks."""
    clock, settings = SteppedClock(START), load_settings(None)
    store = open_store("sqlite://", clock, settings.store)
    session = replace(made_up.session("lecture", rate=0.5), start=START)
    store.begin(session)
    running = Lecture(store, clock, settings, session, FakeWatcher("lecture"))
    looks = (PLEASANT, NEUTRAL, UNPLEASANT, NEUTRAL, None, NEUTRAL)
    for _ in range(10):
        running.look(tuple(student(number, looks[number % 6]) for number in range(1, 13)))
    yield running
    store.close()


@pytest.fixture
def serve_pages() -> Iterator[Callable[..., str]]:
    """Serves an application on any free port; returns the address with the token."""
    stops: list[Callable[[], None]] = []

    def start(app: Any) -> str:
        url, stop = serve(app, "127.0.0.1", 0, TOKEN)
        stops.append(stop)
        return url

    yield start
    for stop in stops:
        stop()


@pytest.fixture
def live_url(lecture: Lecture, serve_pages: Callable[..., str]) -> str:
    """The address of the pages over the running lecture."""
    watcher: Any = lecture.watcher
    return serve_pages(create_app(lecture.store, lecture.settings, TOKEN, watcher, clock=lecture.clock))


@dataclass
class Tab:
    """A page of the browser, with every problem that it met and every address it asked for."""

    page: Any
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Opens an address in a window of its own; whatever the browser complains about fails the test."""
    contexts: list[Any] = []
    tabs: list[Tab] = []

    def open_at(url: str, width: int = 1280, height: int = 800, scheme: str = "dark") -> Tab:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(20_000)
        contexts.append(context)
        tab = Tab(context.new_page())
        tab.page.on("pageerror", lambda problem: tab.problems.append(str(problem)))
        tab.page.on("console", lambda line: tab.problems.append(line.text) if line.type == "error" else None)
        tab.page.on("request", lambda request: tab.asked.append(request.url))
        tabs.append(tab)
        tab.page.goto(url)
        return tab

    yield open_at
    for context in contexts:
        context.close()
    assert [problem for tab in tabs for problem in tab.problems] == []
