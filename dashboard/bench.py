"""What the pages cost in a real browser, for `bench --pages`: a long lecture of a large class, made up."""

from __future__ import annotations

import importlib
import secrets
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from classroom_monitor.clock import Clock, RealClock
from classroom_monitor.errors import BrowserError
from classroom_monitor.records import (
    Health,
    HealthState,
    Session,
    WatcherStatus,
)
from classroom_monitor.store import Store, open_store
from dashboard import made_up
from dashboard.app import create_app
from dashboard.serving import serve
from dashboard.summary import forget_ended

if TYPE_CHECKING:
    from classroom_monitor.remote import Watcher
    from classroom_monitor.settings import Settings

#: What is measured: the review of a long lecture, and the live page this far into one (s).
STUDENTS, RATE = 49, 1.0
REVIEWED, LIVE = 90 * 60, 120 * 60
#: Openings of the review, each in a browser that has kept nothing; seconds of watching the live page.
OPENINGS, WATCHED = 5, 30.0
#: Quiet and the same everywhere; nothing of the browser's own asks for anything outside. The last one: while
#: tools watch the page, as here, each exception in a library would have the browser read all of it anew.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--js-flags=--no-enable-lazy-source-positions",
)

#: Requests for data, in contrast to scripts and styles.
DATA = ("/_dash-layout", "/_dash-dependencies", "/_dash-update-component", "/figures/")

#: Seen by the page before its own scripts: when the first chart stands, and every task of 50 ms or more.
WATCH = """
window.bench = {chart: null, tasks: []};
new PerformanceObserver(list => list.getEntries().forEach(each => bench.tasks.push(each.duration)))
  .observe({type: "longtask", buffered: true});
(function wait() {
  if (document.querySelector(".js-plotly-plot .scatterlayer .trace path"))
    requestAnimationFrame(() => { bench.chart = performance.now(); });
  else requestAnimationFrame(wait);
})();
"""


@dataclass(frozen=True, slots=True)
class PageCost:
    """What a page costs.

    server_ms_median and bytes: what this program needs and sends for one refresh (live) or for one opening
    without the scripts (review). first_chart_ms: from asking for the page until a chart is painted, in a
    browser that has kept nothing. longest_task_ms: the longest time the browser was busy without a pause
    while the page refreshed (live) or was panned and zoomed (review); 0: never 50 ms.
    requests_outside: what the page asked of other machines.
    """

    server_ms_median: float
    bytes: int
    first_chart_ms: float
    longest_task_ms: float
    requests_outside: int


def run_page_bench(
    settings: Settings,
    students: int = STUDENTS,
    reviewed: float = REVIEWED,
    live: float = LIVE,
    openings: int = OPENINGS,
    watched: float = WATCHED,
) -> dict[str, PageCost]:
    """Measures the review of a lecture of so many seconds, and the live page that far into another.

    Raises BrowserError where there is no browser to measure with. Takes about two minutes.
    """
    with open_browser() as browser, tempfile.TemporaryDirectory() as folder:
        clock = RealClock()
        store = open_store(f"sqlite:///{Path(folder) / 'bench.db'}", clock, settings.store)
        try:
            past = made_up.session(
                "reviewed", start=clock.utc() - timedelta(seconds=reviewed + 3600), rate=RATE
            )
            now = made_up.session("live", start=clock.utc() - timedelta(seconds=live), rate=RATE)
            made_up.store_lecture(store, None, reviewed / 60, students, of=past)
            made_up.store_lecture(store, None, live / 60, students, of=now, finish=False)
            return {
                "review": _review(browser, store, settings, past.id, openings),
                "live": _live(browser, store, settings, now, live / 60, students, watched),
            }
        finally:
            store.close()


@contextmanager
def open_browser() -> Iterator[Any]:
    """A headless Chromium. Raises BrowserError, with the remedy, where it or Playwright is missing."""
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ImportError:
        raise BrowserError(
            "playwright is not installed, which opens the pages; pip install 'classroom-monitor[test]'"
        ) from None
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with playwright.sync_playwright() as running:
        try:
            browser = running.chromium.launch(executable_path=found, args=list(FLAGS))
        except playwright.Error:
            raise BrowserError(
                "Chromium is not installed or does not start; install it with the package manager of your "
                "system, or run: playwright install chromium"
            ) from None
        yield browser
        browser.close()


# --- measuring ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """One request that a page made for data: the time it took here, in ms, and the bytes of the answer."""

    milliseconds: float
    bytes: int


class Meter:
    """Stands around the WSGI application and notes what it answers to requests for data."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self.answered: list[Answered] = []

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answers as the application does."""
        before = time.perf_counter()
        answer: Any = self._application(environ, start)
        body = list(answer)
        if hasattr(answer, "close"):  # a file of the assets
            answer.close()
        if environ["PATH_INFO"].startswith(DATA):
            passed = (time.perf_counter() - before) * 1000
            self.answered.append(Answered(passed, sum(len(each) for each in body)))
        return body


@contextmanager
def _served(store: Store, settings: Settings, watcher: Watcher | None = None) -> Iterator[tuple[str, Meter]]:
    """Serves the pages; gives their address, with the token, and a meter."""
    token = secrets.token_urlsafe(32)
    app = create_app(store, settings, token, watcher)
    meter = Meter(app.server.wsgi_app)
    app.server.wsgi_app = meter
    address, stop = serve(app, "127.0.0.1", 0, token)
    try:
        yield address, meter
    finally:
        stop()


class _Visit:
    """One page in a window of its own, in a browser that has kept nothing."""

    def __init__(self, browser: Any, address: str, path: str) -> None:
        base, token = address.split("/?")
        self.outside = 0
        self._context = browser.new_context(viewport={"width": 1280, "height": 800})
        self._context.request.get(f"{base}/_favicon.ico?{token}")  # the cookie, without loading anything
        self.page = self._context.new_page()
        self.page.add_init_script(WATCH)

        def note(request: Any) -> None:
            if not request.url.startswith((base, "data:", "blob:")):
                self.outside += 1

        self.page.on("request", note)
        self.page.goto(base + path)

    def first_chart(self) -> float:
        """When the first chart was painted, in ms since the page was asked for."""
        for _ in range(600):
            found = self.page.evaluate("bench.chart")
            if found is not None:
                return float(found)
            self.page.wait_for_timeout(100)
        raise BrowserError("no chart appeared within a minute; see the log of the pages")

    def rest(self) -> None:
        """Waits until everything has loaded and the browser has been at rest for a second."""
        self.page.wait_for_load_state("networkidle")
        seen = -1
        while (count := self.page.evaluate("bench.tasks.length")) != seen:
            seen = count
            self.page.wait_for_timeout(1000)

    def forget(self) -> None:
        """Forgets the long tasks so far."""
        self.page.evaluate("bench.tasks.length = 0")

    def longest_task(self) -> float:
        """The longest task since, in ms; 0 where none took 50 ms."""
        return float(self.page.evaluate("Math.max(0, ...bench.tasks)"))

    def close(self) -> None:
        """Closes the window."""
        self._context.close()


def _review(browser: Any, store: Store, settings: Settings, session: str, openings: int) -> PageCost:
    charts, server, sizes = [], [], []
    longest, outside = 0.0, 0
    with _served(store, settings) as (address, meter):
        for _ in range(openings):
            meter.answered.clear()
            forget_ended()
            visit = _Visit(browser, address, f"/review/{session}")
            charts.append(visit.first_chart())
            visit.rest()
            server.append(sum(each.milliseconds for each in meter.answered))
            sizes.append(sum(each.bytes for each in meter.answered))
            visit.forget()
            _pan_and_zoom(visit.page)
            longest, outside = max(longest, visit.longest_task()), outside + visit.outside
            visit.close()
    return PageCost(
        statistics.median(server),
        round(statistics.median(sizes)),
        statistics.median(charts),
        longest,
        outside,
    )


def _pan_and_zoom(page: Any) -> None:
    """By keys, by buttons and by mouse, with the time between that a person leaves."""
    page.focus("#timeline .chart")
    for key in ("+", "+", "ArrowRight", "ArrowRight", "ArrowLeft", "+", "-", "-", "Home"):
        page.keyboard.press(key)
        page.wait_for_timeout(250)
    for button in ("in", "in", "right", "right", "left", "out", "all"):
        page.click(f"[data-zoom={button}]")
        page.wait_for_timeout(250)
    page.locator("#review-timeline").scroll_into_view_if_needed()
    box = page.locator("#review-timeline .nsewdrag").first.bounding_box()
    for start, end in ((0.2, 0.7), (0.3, 0.6)):
        page.mouse.move(box["x"] + start * box["width"], box["y"] + 80)
        page.mouse.down()
        page.mouse.move(box["x"] + end * box["width"], box["y"] + 90, steps=12)
        page.mouse.up()
        page.wait_for_timeout(400)


def _live(
    browser: Any,
    store: Store,
    settings: Settings,
    session: Session,
    minutes: float,
    students: int,
    watched: float,
) -> PageCost:
    clock = RealClock()
    stopped = threading.Event()
    first = (clock.utc() - session.start).total_seconds()

    def grow() -> None:
        """The class goes on: a look a second."""
        seconds = first
        while not stopped.wait(1 / session.rate):
            store.add_look(session.id, made_up.look(seconds, minutes, students, session.start))
            store.flush()
            seconds += 1 / session.rate

    growing = threading.Thread(target=grow, daemon=True)
    running = cast("Watcher", _Watching(session.id, clock))
    try:
        with _served(store, settings, running) as (address, meter):
            growing.start()
            visit = _Visit(browser, address, "/live")
            chart = visit.first_chart()
            visit.rest()
            visit.forget()
            meter.answered.clear()
            visit.page.wait_for_timeout(1000 * watched)
            found = [each for each in meter.answered if each.bytes > 100]  # not the empty answers
            refreshes = max(1.0, watched / settings.dashboard.refresh)
            cost = PageCost(
                statistics.median(each.milliseconds for each in found),
                round(sum(each.bytes for each in meter.answered) / refreshes),
                chart,
                visit.longest_task(),
                visit.outside,
            )
            visit.close()
            return cost
    finally:
        stopped.set()
        growing.join()


class _Watching:
    """Says that a session is being watched; the pages ask nothing else while nobody touches them."""

    def __init__(self, session: str, clock: Clock) -> None:
        self._session, self._clock = session, clock

    def status(self) -> WatcherStatus:
        """The session, watching."""
        return WatcherStatus(self._session, Health(HealthState.WATCHING, self._clock.utc()), 0.0)

    def picture(self) -> bytes | None:
        """There is none."""
        return None
