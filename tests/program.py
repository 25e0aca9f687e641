"""The program run as a teacher runs it: a process of its own, with a home of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from screen import WAIT, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "classroom_monitor")

#: Starting loads torch and mediapipe, which takes long where other work keeps the cores busy (s).
PATIENCE = 120.0


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """The environment of a run: everything that it may write lies below `home`."""
    folders = {
        "HOME": "home",
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "XDG_CACHE_HOME": "cache",
        "XDG_STATE_HOME": "state",
        "XDG_RUNTIME_DIR": "runtime",
        "TMPDIR": "tmp",
    }
    for folder in folders.values():
        (home / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept | {name: str(home / folder) for name, folder in folders.items()} | more


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=surroundings(home, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Program:
    """A command that serves pages until it is told to stop."""

    def __init__(self, home: Path, *arguments: str, before: Sequence[str] = (), **more: str) -> None:
        self._process = subprocess.Popen(
            [*before, *COMMAND, *arguments],
            cwd=ROOT,
            env=surroundings(home, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.messages: list[str] = []
        self._first = threading.Event()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.messages.append(line.rstrip("\n"))
            self._first.set()
        self._first.set()

    @property
    def url(self) -> str:
        """The address that is told in the first line of standard error."""
        assert self._first.wait(PATIENCE), "the program said nothing"
        assert self.messages, "the program ended without a word"
        start, _, url = self.messages[0].partition("Live page: ")
        assert not start, self.messages
        assert url.startswith("http://127.0.0.1:"), self.messages
        return url

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        code = self._process.wait(PATIENCE)
        self._reading.join(WAIT)
        return code

    def close(self) -> None:
        """Ends it for sure, with everything that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reading.join(WAIT)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


@contextlib.contextmanager
def running(home: Path, *arguments: str, before: Sequence[str] = (), **more: str) -> Iterator[Program]:
    """The program while the block lasts."""
    program = Program(home, *arguments, before=before, **more)
    try:
        yield program
    finally:
        program.close()


@contextlib.contextmanager
def browser_page(browser: Browser, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of the browser that fails on any request off this computer, and on an error of the page."""
    outside: list[str] = []
    errors: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": height})
    page.on("request", lambda asked: None if inside(asked.url) else outside.append(asked.url))
    page.on("pageerror", lambda error: errors.append(error.stack or str(error)))
    page.set_default_timeout(WAIT * 1000)
    yield page
    page.close()
    assert outside == [], outside
    assert errors == [], errors


def inside(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:"))


__all__ = ["Program", "browser_page", "run", "running", "surroundings", "until"]
