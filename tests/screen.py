"""A screen of its own for tests: Xvfb on a free display, with openbox, and real windows on it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conftest import missing

WIDTH, HEIGHT = 1920, 1200
WAIT = 30.0  # s; far more than is ever needed, so that a busy machine fails no test


Answer = TypeVar("Answer")


def until(found: Callable[[], Answer], patience: float = WAIT) -> Answer:
    """Asks until the answer is true; fails with the last one."""
    end = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < end, f"never came true: {answer!r}"
        time.sleep(0.05)
    return answer


class CallWindow:
    """A window made by call_window.py."""

    def __init__(self, display: str, title: str, pictures: Sequence[Path], seconds: float) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("call_window.py")),
                title,
                str(seconds),
                *map(str, pictures),
            ],
            env={**os.environ, "DISPLAY": display},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer("ready")

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._answer("done")

    def _answer(self, expected: str) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != expected:
            self.close()
            pytest.fail("the call's window went away")

    def close(self) -> None:
        """Closes the window, as the end of a call does."""
        self._process.kill()
        with self._process:
            pass


class Screen:
    """Xvfb of 1920 x 1200, with or without a window manager. `display` is its name."""

    def __init__(self, manager: bool = True) -> None:
        for tool in ("Xvfb", "openbox") if manager else ("Xvfb",):
            if shutil.which(tool) is None:
                missing(f"{tool} is not installed")
        self._open: list[CallWindow] = []
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"],
            pass_fds=(writing,),
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as answer:
            self.display = f":{answer.readline().strip()}"
        assert self.display != ":", "Xvfb did not start"
        self._manager = self._start_manager() if manager else None

    def _start_manager(self) -> subprocess.Popen[bytes]:
        from Xlib.display import Display

        manager = subprocess.Popen(
            ["openbox", "--sm-disable"],
            env={**os.environ, "DISPLAY": self.display},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        display = Display(self.display)
        try:
            check = display.intern_atom("_NET_SUPPORTING_WM_CHECK")
            until(lambda: display.screen().root.get_full_property(check, 0))
        finally:
            display.close()
        return manager

    def call(self, title: str, pictures: Sequence[Path] = (), seconds: float = 3600.0) -> CallWindow:
        """Opens a window that shows the pictures, each for so many seconds."""
        window = CallWindow(self.display, title, pictures, seconds)
        self._open.append(window)
        return window

    def close_windows(self) -> None:
        for window in self._open:
            window.close()
        self._open.clear()

    def close(self) -> None:
        self.close_windows()
        for process in (self._manager, self._server):
            if process is not None:
                process.terminate()
                process.wait()


@contextlib.contextmanager
def shown(monkeypatch: pytest.MonkeyPatch, screen: Screen) -> Iterator[Screen]:
    """Makes the screen that of this process; closes the windows that the test opened."""
    monkeypatch.setenv("DISPLAY", screen.display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    try:
        yield screen
    finally:
        screen.close_windows()
