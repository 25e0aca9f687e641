"""The screen as a source: a monitor, a region, or a window that is followed when it moves or is resized."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import cv2
import mss
import numpy as np
from mss.exception import ScreenShotError

from classroom_monitor.errors import NoWindowError, SourceError
from classroom_monitor.records import Box, Image, SourceSpec
from classroom_monitor.sources.windows import (
    NO_SCREEN,
    WAYLAND,
    Window,
    check_visible,
    find_window,
    list_windows,
    session,
)

#: The pages have this in their title; a browser adds its own name after it.
OWN_TITLE = "classroom monitor"

MACOS_PERMISSION = (
    "macOS lets this program see no other window: allow it under System Settings, Privacy & Security, "
    "Screen Recording, then start it again"
)


def is_own(window: Window) -> bool:
    """Whether the window shows a page of this program."""
    return OWN_TITLE in window.title.casefold().replace("-", " ")


def monitors() -> tuple[Box, ...]:
    """The monitors in the system's order, in the screen's coordinates. Raises SourceError."""
    screen = _open()
    try:
        return tuple(_box(each) for each in screen.monitors[1:])
    finally:
        screen.close()


def may_see_screen() -> bool:
    """Whether macOS lets this program see the windows of others; True elsewhere."""
    if sys.platform != "darwin":
        return True
    import ctypes
    import ctypes.util

    graphics = ctypes.CDLL(ctypes.util.find_library("CoreGraphics"))
    graphics.CGPreflightScreenCaptureAccess.restype = ctypes.c_bool
    return bool(graphics.CGPreflightScreenCaptureAccess())


class ScreenSource:
    """A part of the screen. Windows that lie above it are captured too: `hidden` says how much they cover.

    spec: a window by a part of its title; else a region in pixels from the screen's corner (from the
    monitor's where one is given too), clipped to it; else a monitor, 1 the first (also when none is named).
    windows: lists the windows of the screen; replaced in tests.

    scale: pixels of the picture for one unit of the screen's coordinates, measured at each grab (2 on most
    macOS screens). hidden: share of the last picture covered by other windows, 0 where that is not known.
    A page of this program that lies on the part is painted black, so that it does not read itself;
    sees_itself: whether one did at the last picture.
    """

    def __init__(self, spec: SourceSpec, windows: Callable[[], tuple[Window, ...]] = list_windows) -> None:
        self._windows = windows
        self._spec = spec
        self._followed: int | None = None
        self.scale = 1.0
        self.hidden = 0.0
        self.sees_itself = False
        self._screen: Any = _open()
        try:
            self.description = self._describe()
            self._place()
        except BaseException:
            self.close()
            raise

    def grab(self, seconds: float) -> Image | None:
        """The part now. Raises SourceError (NoWindowError while the window is minimised or gone)."""
        box, listed, window = self._place()
        try:
            shot = self._shoot(box)
        except ScreenShotError:
            # Monitors may have been added, removed or turned since the screen was opened.
            self._reopen()
            box, listed, window = self._place()
            try:
                shot = self._shoot(box)
            except ScreenShotError as problem:
                why = _one_line(problem)
                raise SourceError(f"the screen gives no picture ({why}); is it locked?") from None
        pixels = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        self.scale = shot.width / box.w
        image: Image = np.ascontiguousarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB))
        self.hidden = covered(box, window.above or ()) if window else 0.0
        own = [each for each in listed if is_own(each)]
        self.sees_itself = any(each.visible and each.box.overlap(box) for each in own)
        for each in own:
            self._mask(image, box, each)
        return image

    def close(self) -> None:
        """Lets go of the screen."""
        self._screen.close()

    def _describe(self) -> str:
        if self._spec.window is not None:
            return f"screen, window {self._spec.window!r}"
        if self._spec.region is not None:
            region = self._spec.region
            return f"screen, region {region.x},{region.y},{region.w},{region.h}"
        return f"screen, monitor {self._spec.monitor or 1}"

    def _place(self) -> tuple[Box, tuple[Window, ...], Window | None]:
        """Where to look now, the windows of the screen (lowest first), and the one that is followed."""
        whole = _box(self._screen.monitors[0])
        if self._spec.window is None:
            return self._fixed(whole), self._known_windows(), None
        listed = self._windows()
        window = next((each for each in listed if each.id == self._followed), None)
        if window is None:
            window = find_window(self._spec.window, listed)
            self._followed = window.id
        else:
            check_visible(window, self._spec.window)
        box = _within(window.box, whole)
        if not box.area:
            self._reopen()  # the window may be on a monitor that was just plugged in
            whole = _box(self._screen.monitors[0])
            box = _within(window.box, whole)
        if not box.area:
            raise NoWindowError(
                f"the window {self._spec.window!r} lies outside the screen ({_size(whole)}); move it back"
            )
        return box, listed, window

    def _fixed(self, whole: Box) -> Box:
        found = [_box(each) for each in self._screen.monitors[1:]]
        number = self._spec.monitor
        if number is not None and not 1 <= number <= len(found):
            have = ", ".join(f"{n}: {_size(box)}" for n, box in enumerate(found, 1))
            raise SourceError(f"there is no monitor {number}; this computer has {have}")
        region = self._spec.region
        if region is None:
            return found[(number or 1) - 1]
        if number is not None:
            whole = found[number - 1]
            region = region.shift(whole.x, whole.y)
        box = _within(region, whole)
        if not box.area:
            given = f"{region.x},{region.y},{region.w},{region.h}"
            problem = "is off the screen" if region.area else "has no area on the screen"
            raise SourceError(
                f"the region {given} {problem}, which is {_size(whole)} pixels; give --region X,Y,W,H"
            )
        return box

    def _known_windows(self) -> tuple[Window, ...]:
        """The windows where they can be listed: a monitor or region is watched without them too."""
        try:
            return self._windows()
        except SourceError:
            return ()

    def _shoot(self, box: Box) -> Any:
        return self._screen.grab({"left": box.x, "top": box.y, "width": box.w, "height": box.h})

    def _reopen(self) -> None:
        self._screen.close()
        self._screen = _open()

    def _mask(self, image: Image, view: Box, own: Window) -> None:
        """Paints a page of this program black where it is uppermost.

        Where the order of the windows is not known, only when it has the keyboard: then it is in front.
        """
        if not own.visible or (own.above is None and not own.active):
            return
        shown = np.zeros(image.shape[:2], bool)
        self._part(own.box, view).cut(shown)[...] = True
        for above in own.above or ():
            self._part(above, view).cut(shown)[...] = False
        image[shown] = 0

    def _part(self, box: Box, view: Box) -> Box:
        """A box of the screen in pixels of the picture of the view."""
        inner = _within(box, view).shift(-view.x, -view.y)
        edges = (inner.x, inner.y, inner.right, inner.bottom)
        x, y, right, bottom = (round(edge * self.scale) for edge in edges)
        return Box(x, y, right - x, bottom - y)


def covered(box: Box, above: tuple[Box, ...]) -> float:
    """Share of the box that lies under the boxes above it, 0..1."""
    hit = np.zeros((box.h, box.w), bool)
    for other in above:
        part = _within(other, box).shift(-box.x, -box.y)
        hit[part.y : part.bottom, part.x : part.right] = True
    return float(hit.mean()) if hit.size else 0.0


def _open() -> mss.MSS:
    kind = session()
    if kind == "none":
        raise SourceError(NO_SCREEN)
    if kind == "wayland":
        raise SourceError(WAYLAND)
    if not may_see_screen():
        raise SourceError(MACOS_PERMISSION)
    if sys.platform == "darwin":
        # mss halves the picture on HiDPI screens by default; faces need every pixel.
        from mss import darwin

        darwin.IMAGE_OPTIONS &= ~darwin.kCGWindowImageNominalResolution
    try:
        return mss.MSS()
    except (ScreenShotError, OSError) as problem:
        raise SourceError(f"the screen cannot be opened ({_one_line(problem)})") from None


def _box(monitor: Any) -> Box:
    return Box(int(monitor["left"]), int(monitor["top"]), int(monitor["width"]), int(monitor["height"]))


def _within(box: Box, outer: Box) -> Box:
    """The part of a box inside another (w or h 0 when there is none), in the same coordinates."""
    return box.shift(-outer.x, -outer.y).clip(outer.w, outer.h).shift(outer.x, outer.y)


def _size(box: Box) -> str:
    return f"{box.w}x{box.h}"


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())
