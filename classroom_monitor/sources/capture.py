"""Tells a picture that shows the call from one that cannot: black, one colour, frozen, covered, or none.

No capture library raises an error for these (mss gives black pictures without the permission on macOS and
under Wayland), so only the picture tells. Otherwise they would look like an empty class.
"""

from __future__ import annotations

import sys

import numpy as np

from classroom_monitor.records import HealthState, Image

#: What is wrong with the picture, with one sentence of cause and remedy.
Problem = tuple[HealthState, str]

# A picture is of one colour when all but this share of its pixels lie within so many levels of its middle.
# The least that a call with every camera off shows is a name in white, some hundred pixels of a million.
_ODD_SHARE = 1e-4
# 16 of 255 levels: what video coding makes of black; the ground of Zoom's gallery (26) lies above.
_TOLERANCE = 16
_BLACK = 24  # levels of 255

# Live video never keeps every pixel for so long (camera noise alone changes some), so with faces in sight two
# equal looks at the usual rate are a frozen picture: it is noticed within 5 s (R2).
_STILL_WITH_FACES = 1.5
# Without faces (cameras off, a shared slide) an unchanged picture is usual. Calls draw something now and then
# (who speaks, the clock), so after this long it is worth a word all the same.
_STILL_WITHOUT = 300.0
# One portrait in a shared slide is no live face.
_LIVE_FACES = 2

# Share of the call from which nothing of it can be read; of a call covered less, the rest is read.
_COVERED_FROM = 0.9

# The sentences hold no figure that changes: health is written when it changes.
_COVERED = "Other windows cover the call. Move them aside, or bring the call to the front."
_FROZEN = "The picture stands still: not one point of it changes. Is the call still connected?"


class CaptureWatch:
    """Looks at every picture of a live source. Holds the last one, in memory only."""

    def __init__(self) -> None:
        self._last: Image | None = None
        self._still_since = 0.0

    def see(self, seconds: float, image: Image, live: int = 0, hidden: float = 0.0) -> Problem | None:
        """What keeps the picture from showing the call; None when nothing does.

        seconds: when it was taken, never going back. live: faces of live video at the look before, 0 where
        not known. hidden: share of the call that other windows cover, 0..1.
        """
        if self._last is None or not np.array_equal(self._last, image):
            self._still_since = seconds
        self._last = image
        colour = one_colour(image)
        if colour is not None:
            return HealthState.BLACK, _blank(colour)
        if hidden >= _COVERED_FROM:
            return HealthState.COVERED, _COVERED
        still = seconds - self._still_since
        if still >= (_STILL_WITH_FACES if live >= _LIVE_FACES else _STILL_WITHOUT):
            return HealthState.FROZEN, _FROZEN
        return None


def one_colour(image: Image) -> tuple[int, int, int] | None:
    """The colour of a picture that shows nothing else, None for any other."""
    few = image[:: max(1, image.shape[0] // 64), :: max(1, image.shape[1] // 64)].reshape(-1, 3)
    middle = np.median(few, axis=0).astype(np.int16)
    if _odd(few, middle) > 0:  # nearly every picture ends here, after some thousand pixels
        return None
    if _odd(image.reshape(-1, 3), middle) > _ODD_SHARE:
        return None
    red, green, blue = (int(level) for level in middle)
    return red, green, blue


def _odd(pixels: Image, middle: np.ndarray[tuple[int], np.dtype[np.int16]]) -> float:
    """Share of the pixels that differ from a colour."""
    low, high = np.clip(middle - _TOLERANCE, 0, 255), np.clip(middle + _TOLERANCE, 0, 255)
    return float(((pixels < low) | (pixels > high)).any(axis=1).mean())


def _blank(colour: tuple[int, int, int]) -> str:
    if max(colour) <= _BLACK:
        return "The picture is black. " + _cause(sys.platform)
    return "The picture is of one colour. Is the call's window open, drawn, and not covered by an empty one?"


def _cause(platform: str) -> str:
    if platform == "darwin":
        return (
            "Allow the program under System Settings, Privacy & Security, Screen Recording, and start it "
            "again; is the window minimised?"
        )
    if platform == "win32":
        return "Is the window minimised, the screen locked, or the content protected?"
    return (
        "Is the window minimised or the screen locked? Under Wayland nothing else is shown: log in with X11."
    )
