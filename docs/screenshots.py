"""Takes the screenshots of the docs, every page and state: `python docs/screenshots.py [NAME...]`.

Needs Chromium and the test extra, and takes about ten minutes. What the pages show is the made-up lecture of
the tests and drawn students; only the pages of the demo come from the running program, in a data folder of
its own that is deleted afterwards. Nobody's picture is taken.
"""

from __future__ import annotations

import io
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from PIL import Image as Pillow

from classroom_monitor.clock import SteppedClock
from classroom_monitor.gallery import GalleryReader
from classroom_monitor.records import (
    Health,
    HealthState,
    Marker,
    MarkerKind,
    Preview,
    SourceChoice,
    SourceSpec,
    WatcherStatus,
)
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from classroom_monitor.synthetic.script import read_script
from classroom_monitor.synthetic.source import SyntheticSource
from dashboard.app import create_app
from dashboard.bench import open_browser
from dashboard.made_up import NAMES, START, look, session, store_lecture
from dashboard.serving import serve

FOLDER = Path(__file__).parent / "screenshots"
PROGRAM = [sys.executable, "-m", "classroom_monitor"]
WIDE, NARROW = (1280, 800), (360, 640)
SCHEMES = ("dark", "light")
SETTINGS = load_settings(None)

#: Colours a picture is kept in: these pages are flat, and so a third of the size. Maximum coverage keeps the
#: few pixels of a strong colour, which carry the meaning.
COLOURS, METHOD = 256, Pillow.Quantize.MAXCOVERAGE

#: The live page of the demo is watched for so long (s).
WATCHED = 90

#: A lecture of 90 minutes, seen after so many.
LIVE_AT = 43


@dataclass
class Stand:
    """Stands in for the watching process. state, detail: what it says of its health."""

    running: str | None = None
    state: HealthState = HealthState.WATCHING
    detail: str = ""
    clock: SteppedClock | None = None

    def status(self) -> WatcherStatus:
        """What it watches."""
        utc = START if self.clock is None else self.clock.utc()
        return WatcherStatus(self.running, Health(self.state, utc, self.detail))

    def choices(self) -> tuple[SourceChoice, ...]:
        """A window and a monitor."""
        return (
            SourceChoice(SourceSpec(window="Video call"), "Video call"),
            SourceChoice(SourceSpec(monitor=1), "Monitor 1"),
        )

    def preview(self, _spec: SourceSpec) -> Preview:
        """Drawn students, whatever was chosen."""
        return drawn_call()

    def capture(self) -> Preview:
        """Drawn students."""
        return drawn_call()

    def picture(self) -> bytes | None:
        """None: this is not the demo."""
        return None


def drawn_call() -> Preview:
    """A call of drawn students, with the tiles that the program finds in it."""
    with_students = SyntheticSource(read_script("demo"), 18, width=1280, height=720)
    image = with_students.grab(60.0)
    assert image is not None
    packed = io.BytesIO()
    Pillow.fromarray(image).save(packed, "JPEG", quality=85)
    return Preview(packed.getvalue(), 1280, 720, GalleryReader().read(image).tiles)


# --- what is shown ------------------------------------------------------------------------------------------


def stored() -> Store:
    """Three lectures, as `review` shows them."""
    clock = SteppedClock()
    store = open_store("sqlite://", clock, SETTINGS.store)
    store_lecture(store, clock, minutes=90, students=29)
    for weeks, title in ((1, "Statistics II, lecture 8"), (2, "Statistics II, lecture 9")):
        of = session(f"later-{weeks}", title, START + timedelta(days=7 * weeks))
        store_lecture(store, clock, minutes=80, students=27, of=of, seed=weeks + 1)
    return store


def running(students: int = 25) -> tuple[Store, SteppedClock]:
    """A lecture that has run for a while."""
    clock = SteppedClock(START)
    store = open_store("sqlite://", clock, SETTINGS.store)
    store.begin(session("now"))
    for step in range(LIVE_AT * 12 + 1):
        store.add_look("now", look(step * 5.0, 90, students))
        clock.step(5)
    for student, name in enumerate(NAMES, 1):
        store.read_name("now", student, name)
    store.add_marker("now", Marker(2220.0, MarkerKind.EXPLAINING, "Bayes proof"))
    store.flush()
    return store, clock


@contextmanager
def pages(store: Store, watcher: Stand | None = None, clock: SteppedClock | None = None) -> Iterator[str]:
    """Serves the pages; gives their address with the token."""
    token = secrets.token_urlsafe(32)
    stand: Any = watcher
    address, stop = serve(create_app(store, SETTINGS, token, stand, clock=clock), "127.0.0.1", 0, token)
    try:
        yield address
    finally:
        stop()


@contextmanager
def program(home: Path, *arguments: str) -> Iterator[str]:
    """The real program with its pages; gives their address."""
    told = {"XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")}
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--no-browser", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | told,
    )
    assert process.stderr is not None
    line = process.stderr.readline().strip()
    if not line.startswith("Live page: "):
        raise SystemExit(f"The program did not start: {line}")
    try:
        yield line.removeprefix("Live page: ")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


# --- taking them --------------------------------------------------------------------------------------------

Prepare = Callable[[Any], None]


def accept(page: Any) -> None:
    """The choice of the first run."""
    page.locator("input[type=checkbox]").first.check()
    page.click("#start-accept")
    page.wait_for_selector("#start-go")


def choose(page: Any) -> None:
    """A window chosen, its tiles found."""
    if page.locator("#start-accept").count():
        accept(page)
    page.get_by_label("Video call").check()
    page.wait_for_selector(".found-tile")


def tables(page: Any) -> None:
    """The numbers of the first chart, and the names."""
    page.click("#review-names")
    page.click("#review-mood-table")
    page.wait_for_selector("#review-mood-numbers table")


def given(page: Any) -> None:
    """A picture of drawn students, tried."""
    call = drawn_call()
    picture = {"name": "call.jpg", "mimeType": "image/jpeg", "buffer": call.jpeg}
    page.set_input_files("#try-upload input", picture)
    page.wait_for_selector("#try-found img", timeout=120_000)


class Camera:
    """Takes pages, wide and narrow, dark and light."""

    def __init__(self, browser: Any, wanted: list[str]) -> None:
        self._browser, self._wanted = browser, wanted

    def take(self, address: str, path: str, name: str, ready: str, prepare: Prepare | None = None) -> None:
        """One page in four pictures, as soon as `ready` stands there and `prepare` is done."""
        if self._wanted and name not in self._wanted:
            return
        base = address.split("/?", maxsplit=1)[0]
        for scheme in SCHEMES:
            for width, height in (WIDE, NARROW):
                context = self._browser.new_context(
                    color_scheme=scheme, viewport={"width": width, "height": height}
                )
                context.set_default_timeout(120_000)
                page = context.new_page()
                page.goto(address)
                page.goto(base + path)
                page.wait_for_selector(ready, state="attached")
                if prepare is not None:
                    prepare(page)
                page.wait_for_timeout(1500)
                keep(page.screenshot(full_page=True), f"{name}-{width}-{scheme}.png")
                context.close()


def keep(picture: bytes, name: str) -> None:
    """Writes a screenshot in few colours."""
    with Pillow.open(io.BytesIO(picture)) as shot:
        few = shot.convert("RGB").quantize(COLOURS, METHOD, kmeans=1, dither=Pillow.Dither.NONE)
        few.save(FOLDER / name, optimize=True)
    sys.stdout.write(f"{name}\n")


#: What stops the reading, by the name of its picture.
STATES = {
    "no-gallery": (HealthState.NO_GALLERY, ""),
    "black": (HealthState.BLACK, ""),
    "wayland": (HealthState.BLACK, "This is a Wayland desktop."),
    "covered": (HealthState.COVERED, ""),
    "speaker-view": (HealthState.NO_GALLERY, "One speaker fills the call."),
    "model": (HealthState.ERROR, "The weights file does not match."),
    "disk-full": (HealthState.NOT_SAVING, ""),
    "no-window": (HealthState.NO_WINDOW, ""),
}


def main(wanted: list[str]) -> None:
    """Makes the named screenshots anew, or all."""
    FOLDER.mkdir(exist_ok=True)
    os.environ["XDG_CONFIG_HOME"] = "/home/teacher/.config"  # the settings page names the file
    chart = ".js-plotly-plot .trace"
    with open_browser() as browser:
        camera = Camera(browser, wanted)
        with pages(stored()) as address:
            camera.take(address, "/sessions", "sessions", ".list")
            camera.take(address, "/review/lecture", "review", "#take")
            camera.take(address, "/review/lecture", "review-table", "#take", tables)
            camera.take(address, "/student/lecture/1", "student", chart)
            camera.take(address, "/compare?sessions=lecture,later-1,later-2", "compare", chart)
            camera.take(address, "/settings", "settings", "main h1")
            camera.take(address, "/review/deleted", "no-such-page", "[data-code]")
        empty = open_store("sqlite://", SteppedClock(), SETTINGS.store)
        with pages(empty, Stand()) as address:
            camera.take(address, "/sessions", "sessions-empty", "[data-code]")
            camera.take(address, "/", "first-run", "#start-accept")
            camera.take(address, "/", "start", "main h1", choose)
        store, clock = running()
        stand = Stand("now", clock=clock)
        with pages(store, stand, clock) as address:
            camera.take(address, "/live", "live", chart)
            camera.take(address, "/student/now/1", "student-live", chart)
            stand.state = HealthState.PAUSED
            camera.take(address, "/live", "live-paused", chart)
            clock.step(180)
            for name, (stand.state, stand.detail) in STATES.items():
                camera.take(address, "/live", f"state-{name}", "[data-code], .notice")
        store, clock = running(students=4)
        with pages(store, Stand("now", clock=clock), clock) as address:
            camera.take(address, "/live", "live-too-few", chart)
        if not wanted or {"live-demo", "try"} & set(wanted):
            with tempfile.TemporaryDirectory() as folder:
                arguments = ("demo", "--students", "12")
                with program(Path(folder), *arguments) as address:
                    camera.take(address, "/try", "try", "#try-upload input", given)
                    camera.take(address, "/live", "live-demo", chart, watch_first())


def watch_first() -> Prepare:
    """Waits, the first time, until the line of the demo has something to show."""
    waited: list[bool] = []

    def wait(page: Any) -> None:
        if not waited:
            waited.append(True)
            page.wait_for_timeout(1000 * WATCHED)

    return wait


if __name__ == "__main__":
    main(sys.argv[1:])
