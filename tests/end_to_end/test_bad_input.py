"""Each bad input: one clear line, the right exit code, no traceback, and nothing that was stored is lost."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from program import PATIENCE, ROOT, run, running, surroundings
from screen import HEIGHT, WIDTH, Screen, until

from classroom_monitor.clock import SteppedClock
from classroom_monitor.records import HealthState
from classroom_monitor.settings import load_settings
from classroom_monitor.store import Store, open_store
from dashboard.made_up import session, store_lecture

KEPT = "kept"  # the id of a lecture that was stored before
TOLD = ("--students-told", "yes", "--no-browser", "--port", "0")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'sessions.sqlite'}"


@pytest.fixture
def stored(url: str) -> Iterator[Store]:
    """A store that holds a lecture; at the end of the test it still must."""
    clock = SteppedClock(datetime.now(UTC) - timedelta(days=1))
    store = open_store(url, clock, load_settings().store)
    kept = store_lecture(store, clock, minutes=2, of=session(KEPT, start=clock.utc())).id
    before = store.class_looks(kept)
    assert len(before) > 0
    yield store
    assert kept in [each.id for each in store.sessions()]
    assert store.class_looks(kept).equals(before)
    store.close()


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    started = Screen()
    yield started
    started.close()


def one_line(ended: subprocess.CompletedProcess[str], code: int = 1) -> str:
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert "Traceback" not in line
    assert len(line) > 20
    return line


@pytest.mark.usefixtures("stored")
class TestScreen:
    def test_no_such_window(self, home: Path, url: str, screen: Screen) -> None:
        ended = run(home, "start", "--window", "Nonesuch", *TOLD, "--store", url, DISPLAY=screen.display)
        assert "no window has 'Nonesuch' in its title; open the call" in one_line(ended)

    def test_a_region_off_the_screen(self, home: Path, url: str, screen: Screen) -> None:
        ended = run(
            home, "start", "--region", "9000,0,640,360", *TOLD, "--store", url, DISPLAY=screen.display
        )
        assert f"off the screen, which is {WIDTH}x{HEIGHT}" in one_line(ended)

    def test_no_screen(self, home: Path, url: str) -> None:
        ended = run(home, "start", *TOLD, "--store", url)
        assert "DISPLAY is not set" in one_line(ended)


def test_an_all_black_screen_is_told_and_the_session_goes_on(
    home: Path, url: str, stored: Store, screen: Screen
) -> None:
    call = screen.call("Zoom Meeting")
    call.tell("freeze")
    call.tell("colour 0 0 0")
    arguments = ("start", "--window", "zoom", *TOLD, "--rate", "2", "--store", url)
    with running(home, *arguments, DISPLAY=screen.display) as program:
        assert program.url
        last = until(lambda: stored.session("last").id != KEPT and stored.session("last").id, PATIENCE)
        health = until(
            lambda: (now := stored.health(str(last))) and now.state is HealthState.BLACK and now, PATIENCE
        )
        assert health
        assert health.detail.startswith("The picture is black. ")
        assert program.interrupt() == 130
        assert not any("Traceback" in line for line in program.messages)
    ended = stored.session(str(last))
    assert ended.ended == "stopped"
    assert stored.class_looks(str(last)).empty, "a black picture is no class of nobody"
    screen.close_windows()


@pytest.mark.usefixtures("stored")
def test_a_port_in_use(home: Path, url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        ended = run(home, "review", "--port", port, "--no-browser", "--store", url)
        assert f"port {port} is in use" in one_line(ended)
        assert "--port" in ended.stderr
        ended = run(home, "demo", "--port", port, "--no-browser", "--store", url)
        assert f"port {port} is in use" in one_line(ended)


@pytest.mark.usefixtures("stored")
def test_a_text_file_as_a_video(home: Path, url: str, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is no video\n")
    ended = run(home, "start", "--source", f"video:{tmp_path}/text.mp4", *TOLD, "--store", url)
    assert "text.mp4: is not a video that can be read" in one_line(ended)
    ended = run(home, "analyze", f"{tmp_path}/text.mp4", "--students-told", "yes", "--store", url)
    assert "text.mp4: is not a video that can be read" in one_line(ended)


def test_pictures_that_cannot_be_read_are_told_and_the_others_go_on(home: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    Pillow.fromarray(random).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.png").write_text("this is no picture\n")
    Pillow.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    Pillow.new("L", (10_000, 1_000), 20).save(tmp_path / "large.png")
    Pillow.new("L", (12_001, 2)).save(tmp_path / "too_large.png")
    bad = ("none.png", "cut.png", "text.png", "too_large.png")
    good = ("dot.png", "large.png")
    asked = [str(tmp_path / name) for pair in zip(bad, (*good, *good), strict=True) for name in pair]
    ended = run(home, "read", *asked[:6], asked[6], "--json")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.splitlines()
    assert len(lines) == len(bad)
    for line, name in zip(lines, bad, strict=True):
        assert name in line
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(each["width"], each["height"]) for each in found] == [(1, 1), (10_000, 1_000), (1, 1)]
    assert all(each["tiles"] == [] for each in found)


def test_altered_weights_are_refused(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "program"
    shutil.copytree(
        ROOT / "classroom_monitor", copy / "classroom_monitor", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "configs", copy / "configs")
    (weights,) = (copy / "classroom_monitor" / "weights").glob("*.safetensors")
    data = bytearray(weights.read_bytes())
    data[-100] ^= 1
    weights.write_bytes(data)
    Pillow.new("RGB", (64, 64)).save(tmp_path / "a.png")
    ended = subprocess.run(
        [sys.executable, "-m", "classroom_monitor", "read", str(tmp_path / "a.png"), "--json"],
        cwd=copy,
        env=surroundings(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    line = one_line(ended)
    assert weights.name in line
    assert "SHA-256" in line


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("[flags]\nhould = 20", "settings.toml: unknown key flags.hould; did you mean flags.hold?"),
        ("[flags]\nhold = 3000", "out of range; allowed: 5 to 300 s"),
        ("[flags]\nhold = '20 minutes'", "its unit is s"),
        ("[flags", "is not valid TOML"),
    ],
)
def test_a_wrong_settings_file(setting: str, words: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(setting)
    ended = run(home, "sessions", "--settings", str(tmp_path / "settings.toml"))
    assert words in one_line(ended)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "nonesuch"), 1, "nonesuch"),
        (("delete", "nonesuch", "--yes"), 1, "nonesuch"),
        (("start", "--source", "television"), 2, "television"),
        (("start", "--region", "1,2,3"), 2, "X,Y,W,H"),
        (("start", "--region", "0,0,0,10"), 2, "width and height"),
        (("start", "--monitor", "1", "--no-browser"), 2, "--students-told"),
        (("start", "--monitor", "1", "--speed", "2"), 2, "--speed"),
        (("export", "last", "--format", "docx"), 2, "docx"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], code: int, words: str, home: Path, url: str, tmp_path: Path
) -> None:
    more = ("--out", str(tmp_path)) if arguments[0] == "export" else ()
    ended = run(home, *arguments, *more, "--store", url)
    assert ended.returncode == code
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert words in ended.stderr
