"""The windows on the screen: listed, and found by a part of their title.

X11 by python-xlib (EWMH, or a walk through the tree where no window manager keeps a list), Windows and macOS
by PyWinCtl, which is imported only there and only when asked for. Wayland lets no program see other windows.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from classroom_monitor.errors import NoWindowError, SourceError
from classroom_monitor.records import Box

if TYPE_CHECKING:
    from Xlib.display import Display

NO_SCREEN = (
    "no screen: DISPLAY is not set; start the program in the desktop session that shows the call, "
    "or use --source video:PATH or pictures:DIR"
)
WAYLAND = (
    "this is a Wayland session, where no program can see the call's window: log in with the 'Xorg' (X11) "
    "session, or join the call in one"
)


@dataclass(frozen=True, slots=True)
class Window:
    """A window with a title.

    box: the client area (without title bar and border) in pixels of the screen; points on macOS.
    visible: not minimised, and on the desktop that is shown. active: it has the keyboard.
    above: the outer boxes of the visible windows that stand above it, None where the order is not known.
    """

    id: int
    title: str
    box: Box
    visible: bool
    active: bool = False
    above: tuple[Box, ...] | None = None


def session() -> str:
    """What shows windows here: `x11`, `wayland`, `windows`, `macos` or `none`."""
    if sys.platform == "win32":
        return "windows"
    if sys.platform == "darwin":
        return "macos"
    if not os.environ.get("DISPLAY"):
        return "wayland" if os.environ.get("WAYLAND_DISPLAY") else "none"
    with _display() as display:
        # An X server inside Wayland says so; it shows the windows of X programs only, and a black screen.
        return "wayland" if display.has_extension("XWAYLAND") or _wayland_outputs(display) else "x11"


def list_windows() -> tuple[Window, ...]:
    """Every window with a title, the lowest first where the order is known. Raises SourceError."""
    if sys.platform in ("win32", "darwin"):
        return _by_pywinctl()
    kind = session()
    if kind == "none":
        raise SourceError(NO_SCREEN)
    if kind == "wayland":
        raise SourceError(WAYLAND)
    with _display() as display:
        return _stacked(list(_clients(display)))


def find_window(title: str, windows: Sequence[Window]) -> Window:
    """The window whose title has that part, case ignored.

    Of several: visible before not, the very title before a longer one, then the largest.
    Raises NoWindowError, also when the only such window is minimised.
    """
    part = title.strip().casefold()
    if not part:
        raise NoWindowError("--window needs a part of the window's title, such as 'Zoom Meeting'")
    found = [window for window in windows if part in window.title.casefold()]
    if not found:
        raise NoWindowError(
            # The titles of the others are not told: they may name people, and health is stored.
            f"no window has {title!r} in its title; open the call, or watch a whole monitor with --monitor 1"
        )
    best = max(found, key=lambda w: (w.visible, w.title.casefold() == part, w.box.area))
    check_visible(best, title)
    return best


def check_visible(window: Window, title: str) -> None:
    """Raises NoWindowError while the window is not on the screen. title: how it was asked for."""
    if not window.visible:
        raise NoWindowError(f"the window {title!r} is minimised or on another desktop; bring it back")


# X11 ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _display() -> Iterator[Display]:
    from Xlib import error
    from Xlib.display import Display

    try:
        # python-xlib prints a warning where there is no Xauthority
        with contextlib.redirect_stderr(io.StringIO()):
            display = Display()
    except (error.DisplayError, OSError):
        name = os.environ.get("DISPLAY", "")
        raise SourceError(
            f"the screen {name!r} cannot be opened; is DISPLAY right, and may you use it?"
        ) from None
    try:
        yield display
    except (error.ConnectionClosedError, OSError):
        raise SourceError("the connection to the screen was lost; does the desktop still run?") from None
    finally:
        with contextlib.suppress(error.ConnectionClosedError, OSError):
            display.close()


def _wayland_outputs(display: Display) -> bool:
    """Whether the monitors are those of an X server inside Wayland (older ones lack the extension)."""
    if not os.environ.get("WAYLAND_DISPLAY") or not display.has_extension("RANDR"):
        return False
    root: Any = display.screen().root
    resources = root.xrandr_get_screen_resources()
    names = [display.xrandr_get_output_info(o, resources.config_timestamp).name for o in resources.outputs]
    return any(name.startswith("XWAYLAND") for name in names)


def _clients(display: Display) -> Iterator[tuple[Window, Box]]:
    """Every window with a title and its outer box, the lowest first."""
    from Xlib import X, error

    root = display.screen().root
    kept = root.get_full_property(display.intern_atom("_NET_CLIENT_LIST_STACKING"), X.AnyPropertyType)
    windows = (
        list(_walk(display, root))
        if kept is None
        else [display.create_resource_object("window", int(each)) for each in kept.value]
    )
    desktop = _property(display, root, "_NET_CURRENT_DESKTOP")
    active = _property(display, root, "_NET_ACTIVE_WINDOW")
    for window in windows:
        try:
            title = _title(display, window)
            if not title:
                continue
            size = window.get_geometry()
            corner = root.translate_coords(window, 0, 0)
            box = Box(corner.x, corner.y, size.width, size.height)
            visible = _is_visible(display, window, desktop)
            has_keys = bool(active) and int(active[0]) == window.id
            edges = [int(edge) for edge in _property(display, window, "_NET_FRAME_EXTENTS")] or [0, 0, 0, 0]
            left, right, top, bottom = edges[:4]
            outer = Box(box.x - left, box.y - top, box.w + left + right, box.h + top + bottom)
            yield Window(window.id, title, box, visible, has_keys), outer
        except (error.BadWindow, error.BadDrawable):
            continue  # it was closed while we looked


def _walk(display: Display, parent: Any) -> Iterator[Any]:
    """The titled windows below one, without a window manager's list.

    A frame around a client may have a title too: the client (which has WM_STATE) is meant then.
    """
    from Xlib import error

    try:
        children = parent.query_tree().children
    except error.BadWindow:
        return
    for child in children:
        inner = [each for each in _walk(display, child) if _property(display, each, "WM_STATE")]
        if inner:
            yield from inner
        elif _title(display, child):
            yield child


def _stacked(clients: Sequence[tuple[Window, Box]]) -> tuple[Window, ...]:
    return tuple(
        replace(window, above=tuple(outer for other, outer in clients[place + 1 :] if other.visible))
        for place, (window, _) in enumerate(clients)
    )


def _is_visible(display: Display, window: Any, desktop: Sequence[int]) -> bool:
    from Xlib import X

    if window.get_attributes().map_state != X.IsViewable:
        return False
    hidden = display.intern_atom("_NET_WM_STATE_HIDDEN")
    if hidden in _property(display, window, "_NET_WM_STATE"):
        return False
    own = _property(display, window, "_NET_WM_DESKTOP")
    # Some window managers leave the windows of other desktops mapped; 0xFFFFFFFF is "on all of them".
    return not (desktop and own) or own[0] in (desktop[0], 0xFFFFFFFF)


def _title(display: Display, window: Any) -> str:
    from Xlib import error

    try:
        name = window.get_full_text_property(display.intern_atom("_NET_WM_NAME"))
        text = name or window.get_wm_name() or ""
    except (error.BadWindow, UnicodeDecodeError):
        return ""
    return (text if isinstance(text, str) else text.decode("latin-1")).strip()


def _property(display: Display, window: Any, name: str) -> Sequence[int]:
    from Xlib import X, error

    try:
        found = window.get_full_property(display.intern_atom(name), X.AnyPropertyType)
    except error.BadWindow:
        return ()
    return found.value if found is not None else ()


# Windows and macOS ----------------------------------------------------------------------------------------


def _by_pywinctl() -> tuple[Window, ...]:
    try:
        import pywinctl
    except (ImportError, SystemExit):  # it calls sys.exit where a tool of the system is missing
        raise SourceError(
            "windows cannot be found without PyWinCtl: pip install 'classroom-monitor[window]', "
            "or choose --monitor N or --region X,Y,W,H"
        ) from None
    found: list[Window] = []
    for window in pywinctl.getAllWindows():
        title = str(window.title or "").strip()
        if not title:
            continue
        if sys.platform == "win32":
            left, top, right, bottom = (int(edge) for edge in window.getClientFrame())
        else:
            left, top, right, bottom = (int(edge) for edge in window.rect)
        box = Box(left, top, right - left, bottom - top)
        handle = window.getHandle()
        number = handle if isinstance(handle, int) else hash(str(handle))
        found.append(Window(number, title, box, not window.isMinimized, bool(window.isActive)))
    return tuple(found)
