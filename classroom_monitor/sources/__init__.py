"""Where frames come from: screen, webcam, video file, folder of pictures, or the synthetic class."""

from __future__ import annotations

from typing import Protocol

from classroom_monitor.errors import SourceError
from classroom_monitor.records import Box, Image, SourceChoice, SourceKind, SourceSpec
from classroom_monitor.settings import Settings


class Source(Protocol):
    """Gives one picture after the other. One of the five seams.

    description: what it is, for the session's record; it never holds more than the teacher typed.
    """

    description: str

    def grab(self, seconds: float) -> Image | None:
        """The picture at that time of the source's clock (uint8 RGB, a new array each time), None at its end.

        A live source gives the newest picture whatever the time asked for.
        Raises SourceError when no picture can be had now (NoWindowError: the window is minimised or gone);
        the source stays usable, and the next call may succeed.
        """

    def close(self) -> None:
        """Gives back what it holds; may be called twice."""


def open_source(spec: SourceSpec, settings: Settings) -> Source:
    """Opens the source that was asked for.

    Raises SourceError (NoWindowError, PictureError) with one line that names the thing and the remedy,
    and ScriptError for a rehearsal script that cannot be read.
    """
    match spec.kind:
        case SourceKind.SCREEN:
            from classroom_monitor.sources.screen import ScreenSource

            return ScreenSource(spec)
        case SourceKind.WEBCAM:
            from classroom_monitor.sources.video import WebcamSource

            return WebcamSource(spec.target)
        case SourceKind.VIDEO:
            from classroom_monitor.sources.video import VideoSource

            return VideoSource(spec.target, settings.capture.max_side)
        case SourceKind.PICTURES:
            from classroom_monitor.sources.pictures import PictureSource

            return PictureSource(spec.target, settings.capture.max_side)
        case SourceKind.SYNTHETIC:
            from classroom_monitor.synthetic.source import from_spec

            return from_spec(spec)


# Words in the titles of windows that show a call (zoom.us, Google Meet in a browser tab, Microsoft Teams, and
# the other usual ones). They only order the list; every window can be chosen.
CALL_WORDS = ("zoom", "meet", "teams", "webex", "jitsi", "bigbluebutton", "skype", "whereby")

# A window smaller than this can hold no gallery that could be read.
_LEAST_WIDTH, _LEAST_HEIGHT = 200, 150


def choices() -> tuple[SourceChoice, ...]:
    """What of the screen can be watched now: the windows of calls first, then monitors, then other windows.

    Where windows cannot be listed there are the monitors alone. Raises SourceError where there is no screen.
    """
    from classroom_monitor.sources.screen import is_own, monitors
    from classroom_monitor.sources.windows import list_windows

    screens = [
        SourceChoice(SourceSpec(monitor=number), f"Monitor {number} ({_size(box)})")
        for number, box in enumerate(monitors(), 1)
    ]
    try:
        listed = list_windows()
    except SourceError:
        return tuple(screens)
    calls: list[SourceChoice] = []
    others: list[SourceChoice] = []
    for window in reversed(listed):  # the uppermost first
        large = window.box.w >= _LEAST_WIDTH and window.box.h >= _LEAST_HEIGHT
        if window.visible and large and not is_own(window):
            call = any(word in window.title.casefold() for word in CALL_WORDS)
            choice = SourceChoice(SourceSpec(window=window.title), f"{window.title} ({_size(window.box)})")
            (calls if call else others).append(choice)
    return (*calls, *screens, *others)


def _size(box: Box) -> str:
    return f"{box.w} × {box.h}"
