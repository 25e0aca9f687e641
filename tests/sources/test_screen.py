from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from classroom_monitor.errors import NoWindowError, SourceError
from classroom_monitor.records import Box, Image, SourceSpec
from classroom_monitor.settings import load_settings
from classroom_monitor.sources import choices, open_source
from classroom_monitor.sources.screen import ScreenSource, covered
from classroom_monitor.sources.windows import Window
from tests.screen import HEIGHT, WIDTH, CallWindow, Screen, shown, until

ON_X11 = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")


@pytest.fixture(scope="module")
def xvfb() -> Iterator[Screen]:
    started = Screen()
    yield started
    started.close()


@pytest.fixture
def screen(xvfb: Screen, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with shown(monkeypatch, xvfb) as ready:
        yield ready


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two of different size, with other colours in every corner."""
    files = []
    for name, (w, h) in {"a.png": (640, 360), "b.png": (500, 400)}.items():
        colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [90, 60, 30]]], np.uint8)
        Pillow.fromarray(colours).resize((w, h), Pillow.Resampling.NEAREST).save(tmp_path / name)
        files.append(tmp_path / name)
    return files


def still(screen: Screen, title: str, pictures: list[Path]) -> CallWindow:
    """A call whose picture holds still, drawn and placed by the window manager."""
    call = screen.call(title, pictures)
    call.tell("freeze")
    call.tell("show 0")
    expected = np.asarray(Pillow.open(pictures[0]))
    source = until(lambda: opened(title))
    assert source is not None
    until(lambda: not fails(source) and same(source.grab(0), expected))
    source.close()
    return call


def opened(title: str) -> ScreenSource | None:
    """None until the window manager has placed the window."""
    try:
        return ScreenSource(SourceSpec(window=title))
    except NoWindowError:
        return None


def same(image: Image | None, expected: np.ndarray) -> bool:
    return image is not None and np.array_equal(image, expected)


def test_a_window_is_found_by_part_of_its_title_and_followed(screen: Screen, pictures: list[Path]) -> None:
    call = still(screen, "Zoom Meeting", pictures)
    source = open_source(SourceSpec(window="zoom MEET"), load_settings())
    first = source.grab(0.0)
    assert first is not None
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    assert same(first, np.asarray(Pillow.open(pictures[0])))

    call.tell("move 700 500")
    whole = ScreenSource(SourceSpec(monitor=1))
    red = (255, 0, 0)
    until(lambda: tuple(whole.grab(0)[505 + 60, 705 + 60]) == red)  # type: ignore[index]
    assert same(source.grab(2.0), np.asarray(Pillow.open(pictures[0])))
    assert np.array_equal(first, np.asarray(Pillow.open(pictures[0]))), "an earlier picture was written over"

    call.tell("show 1")
    until(lambda: same(source.grab(4.0), np.asarray(Pillow.open(pictures[1]))))
    source.close()
    source.close()
    whole.close()


def test_a_window_that_hangs_over_the_edge_is_clipped(screen: Screen, pictures: list[Path]) -> None:
    call = still(screen, "Zoom Meeting", pictures)
    source = ScreenSource(SourceSpec(window="Zoom Meeting"))
    call.tell(f"move {WIDTH - 400} 300")
    until(lambda: source.grab(0.0).shape[1] < 640)  # type: ignore[union-attr]
    image = source.grab(0.0)
    assert image is not None
    assert image.shape[0] == 360
    assert 390 <= image.shape[1] <= 400  # less the window's border
    assert tuple(image[0, 0]) == (255, 0, 0)
    source.close()


def test_a_minimised_window_is_told_and_comes_back(screen: Screen, pictures: list[Path]) -> None:
    call = still(screen, "Zoom Meeting", pictures)
    source = ScreenSource(SourceSpec(window="Zoom Meeting"))
    call.tell("minimise")
    until(lambda: fails(source))
    with pytest.raises(NoWindowError, match="'Zoom Meeting' is minimised"):
        source.grab(0.0)
    with pytest.raises(NoWindowError, match="minimised"):
        ScreenSource(SourceSpec(window="Zoom Meeting"))
    call.tell("restore")
    until(lambda: not fails(source))
    until(lambda: same(source.grab(0.0), np.asarray(Pillow.open(pictures[0]))))

    call.close()
    until(lambda: fails(source))
    with pytest.raises(NoWindowError, match="no window has 'Zoom Meeting' in its title"):
        source.grab(0.0)
    still(screen, "Zoom Meeting", pictures)
    assert same(source.grab(0.0), np.asarray(Pillow.open(pictures[0]))), "a new call is taken up"
    source.close()


def fails(source: ScreenSource) -> bool:
    try:
        source.grab(0.0)
    except NoWindowError:
        return True
    return False


def test_no_such_window(screen: Screen) -> None:
    with pytest.raises(NoWindowError, match="no window has 'Nonesuch' in its title; open the call"):
        open_source(SourceSpec(window="Nonesuch"), load_settings())


def test_a_region_is_clipped_to_the_screen(screen: Screen) -> None:
    source = ScreenSource(SourceSpec(region=Box(WIDTH - 30, -10, 100, 50)))
    image = source.grab(0.0)
    assert image is not None
    assert image.shape == (40, 30, 3)
    assert source.scale == 1.0
    source.close()


@pytest.mark.parametrize("region", [Box(5000, 0, 100, 100), Box(-200, 0, 100, 100), Box(0, HEIGHT, 10, 10)])
def test_a_region_off_the_screen_names_the_screens_size(screen: Screen, region: Box) -> None:
    with pytest.raises(SourceError, match=f"off the screen, which is {WIDTH}x{HEIGHT}") as caught:
        open_source(SourceSpec(region=region), load_settings())
    assert "\n" not in str(caught.value)


def test_monitors(screen: Screen) -> None:
    whole = ScreenSource(SourceSpec(monitor=1)).grab(0.0)
    assert whole is not None
    assert whole.shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(SourceError, match=f"no monitor 2; this computer has 1: {WIDTH}x{HEIGHT}"):
        ScreenSource(SourceSpec(monitor=2))


def test_what_other_windows_cover_is_measured(screen: Screen, pictures: list[Path]) -> None:
    still(screen, "Zoom Meeting", pictures)
    source = ScreenSource(SourceSpec(window="Zoom Meeting"))
    source.grab(0.0)
    assert source.hidden == 0.0
    slides = screen.call("Slides", [pictures[1]])
    slides.tell("move 1 1")
    source.grab(0.0)
    assert source.hidden < 1.0
    slides.tell("move 640 420")
    until(lambda: source.grab(0.0) is not None and source.hidden > 0.5)
    source.close()


def test_a_page_of_our_own_is_painted_out_where_it_is_in_front(screen: Screen, pictures: list[Path]) -> None:
    own = screen.call("Live – Classroom monitor – Chromium", [pictures[1]])
    own.tell("move 100 100")
    call = still(screen, "Zoom Meeting", pictures)  # opens in front of the page
    call.tell("move 200 200")
    source = ScreenSource(SourceSpec(monitor=1))

    def at(x: int, y: int) -> tuple[int, ...]:
        image = source.grab(0.0)
        assert image is not None
        return tuple(int(level) for level in image[y, x])

    until(lambda: at(150, 150) == (0, 0, 0))  # the page's red corner
    until(lambda: at(300, 300) == (255, 0, 0))  # the call in front of it stays
    assert source.sees_itself
    source.close()
    beside = ScreenSource(SourceSpec(monitor=1, region=Box(900, 600, 50, 50)))
    assert beside.grab(0.0) is not None
    assert not beside.sees_itself
    beside.close()


def test_a_page_of_unknown_order_is_painted_out_only_with_the_keyboard(screen: Screen) -> None:
    for active in (True, False):
        page = Window(1, "Classroom monitor", Box(10, 20, 30, 40), visible=True, active=active)
        below = Window(2, "Zoom", Box(0, 0, 100, 100), visible=True)
        source = ScreenSource(SourceSpec(window="zoom"), windows=lambda page=page, below=below: (below, page))  # type: ignore[misc]
        source._shoot = lambda box: Shot(box.w * 2, box.h * 2)  # type: ignore[method-assign]
        image = source.grab(0.0)
        assert image is not None
        assert source.scale == 2.0
        expected = np.full((200, 200, 3), 255, np.uint8)
        if active:
            expected[40:120, 20:80] = 0
        assert np.array_equal(image, expected)
        source.close()


class Shot:
    """What a screen of twice the resolution gives: all white."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.raw = bytes([255]) * (width * height * 4)


def test_choices_name_calls_first(screen: Screen, pictures: list[Path]) -> None:
    screen.call("Notes", pictures)
    screen.call("Classroom monitor", pictures)
    still(screen, "Zoom Meeting", pictures)
    found = choices()
    assert [choice.label for choice in found] == [
        "Zoom Meeting (640 × 360)",
        f"Monitor 1 ({WIDTH} × {HEIGHT})",
        "Notes (640 × 360)",
    ]
    assert found[0].spec == SourceSpec(window="Zoom Meeting")
    assert found[1].spec == SourceSpec(monitor=1)


@ON_X11
def test_no_screen_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    for attempt in (choices, lambda: ScreenSource(SourceSpec())):
        with pytest.raises(SourceError, match="DISPLAY is not set; start the program in the desktop session"):
            attempt()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(SourceError, match=r"Wayland session.*Xorg"):
        ScreenSource(SourceSpec())


@ON_X11
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_screen_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(SourceError, match="':987' cannot be opened"):
        ScreenSource(SourceSpec())
    gc.collect()  # python-xlib leaves the sockets of its attempts open: let that warn here, in no later test


def test_covered_counts_no_place_twice() -> None:
    box = Box(10, 10, 100, 100)
    assert covered(box, ()) == 0.0
    assert covered(box, (Box(0, 0, 60, 200), Box(0, 0, 60, 200), Box(500, 0, 9, 9))) == 0.5
