from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from classroom_monitor.errors import NoWindowError, SourceError
from classroom_monitor.records import Box
from classroom_monitor.sources import windows
from classroom_monitor.sources.windows import Window, find_window, list_windows
from tests.screen import Screen, shown, until

SMALL, LARGE = Box(0, 0, 300, 200), Box(0, 0, 900, 700)


def window(title: str, box: Box = SMALL, visible: bool = True) -> Window:
    return Window(hash(title), title, box, visible)


def test_the_title_is_matched_by_a_part_whatever_the_case() -> None:
    found = find_window("zOOm", [window("Notes"), window("My Zoom Meeting")])
    assert found.title == "My Zoom Meeting"


@pytest.mark.parametrize(
    ("others", "best"),
    [
        ([window("Zoom Meeting", LARGE, visible=False), window("Zoom Workplace")], "Zoom Workplace"),
        ([window("Zoom", SMALL), window("Zoom Workplace", LARGE)], "Zoom"),
        (
            [window("Zoom Chat", SMALL), window("Zoom Meeting", LARGE), window("Zoom Poll", SMALL)],
            "Zoom Meeting",
        ),
    ],
    ids=["visible", "the very title", "largest"],
)
def test_of_several_the_likeliest_is_taken(others: list[Window], best: str) -> None:
    for order in (others, others[::-1]):
        assert find_window("zoom", order).title == best


def test_no_other_windows_title_is_told() -> None:
    with pytest.raises(NoWindowError) as caught:
        find_window("Zoom", [window("Letter to somebody")])
    assert "somebody" not in str(caught.value)
    with pytest.raises(NoWindowError, match="needs a part of the window's title"):
        find_window("  ", [window("Zoom")])


@pytest.fixture(params=[True, False], ids=["openbox", "no window manager"])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    started = Screen(manager=request.param)
    with shown(monkeypatch, started) as ready:
        yield ready
    started.close()


def test_windows_are_listed_from_below_with_what_stands_above(screen: Screen) -> None:
    first = screen.call("Zoom Meeting – Größe")
    until(lambda: len(list_windows()) == 1)
    second = screen.call("Slides")
    until(lambda: [each.title for each in list_windows()] == ["Zoom Meeting – Größe", "Slides"])
    first.tell("move 40 60")
    second.tell("move 400 300")
    until(lambda: list_windows()[1].box.x >= 400 and list_windows()[0].box.x < 100)
    lower, upper = list_windows()
    assert (lower.box.w, lower.box.h) == (640, 360)
    assert lower.visible
    assert upper.above == ()
    assert lower.above is not None
    (above,) = lower.above
    assert above.overlap(upper.box) == upper.box.area, "the title bar above counts too"

    second.close()
    until(lambda: [each.title for each in list_windows()] == ["Zoom Meeting – Größe"])
    first.close()
    until(lambda: list_windows() == ())


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")


@pytest.mark.usefixtures("elsewhere")
def test_without_pywinctl_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywinctl", None)
    with pytest.raises(SourceError, match=r"pip install 'classroom-monitor\[window\]'"):
        list_windows()


@pytest.mark.usefixtures("elsewhere")
def test_pywinctl_leaving_the_program_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaving:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "pywinctl":
                sys.exit(1)

    monkeypatch.delitem(sys.modules, "pywinctl", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Leaving(), *sys.meta_path])
    with pytest.raises(SourceError, match="PyWinCtl"):
        list_windows()


@pytest.mark.usefixtures("elsewhere")
def test_windows_of_pywinctl(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        SimpleNamespace(title="", rect=(0, 0, 1, 1)),
        SimpleNamespace(
            title="Zoom Meeting",
            rect=(10, 20, 110, 70),
            isMinimized=False,
            isActive=True,
            getHandle=lambda: 7,
        ),
    ]
    monkeypatch.setitem(sys.modules, "pywinctl", SimpleNamespace(getAllWindows=lambda: given))
    assert list_windows() == (Window(7, "Zoom Meeting", Box(10, 20, 100, 50), visible=True, active=True),)


def test_an_x_server_inside_wayland_is_told(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    assert windows.session() == "x11"
    from Xlib.display import Display

    monkeypatch.setattr(Display, "has_extension", lambda self, name: name == "XWAYLAND")
    assert windows.session() == "wayland"
    with pytest.raises(SourceError, match="Wayland"):
        list_windows()
