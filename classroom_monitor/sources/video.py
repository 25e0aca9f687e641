"""A video file and a webcam as sources, by OpenCV."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# FFmpeg's own messages are no line for a teacher; the level is read when OpenCV first opens a video.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# A file that is really a playlist must not make FFmpeg open an address outside.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")

import cv2

from classroom_monitor.errors import PictureError, SourceError
from classroom_monitor.records import Image

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # our own errors say what goes wrong

# Farther ahead than this it is quicker to seek than to decode every frame in between: coders set a key frame
# at least every 10 s or so (250 frames are the usual limit), and seeking decodes from the key frame before.
_SEEK_FROM = 10.0

# A camera keeps a few old frames waiting (4 with V4L2); so many are thrown away to get to the newest.
_WAITING_FRAMES = 4


class VideoSource:
    """A recorded lecture. duration: seconds, 0 where the file does not say."""

    def __init__(self, path: str | Path, max_side: int) -> None:
        path = Path(path)
        self.description = f"video {path.name}"
        self._path = path
        if not path.exists():
            raise SourceError(f"{path}: there is no such video; check the path")
        if not path.is_file():
            raise SourceError(f"{path}: is no file; give the path of one video")
        try:
            with path.open("rb"):
                pass
        except OSError as problem:
            raise SourceError(f"{path}: cannot be read ({problem.strerror})") from None
        self._video: Any = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._video.isOpened() or not self._video.grab():
            self._video.release()
            raise PictureError(f"{path}: is not a video that can be read; does it play elsewhere?")
        rate = self._video.get(cv2.CAP_PROP_FPS)
        self._half_frame = 0.5 / rate if rate > 0 else 0.02
        frames = self._video.get(cv2.CAP_PROP_FRAME_COUNT)
        self.duration = frames / rate if rate > 0 and frames > 0 else 0.0
        wide, high = (int(self._video.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if max(wide, high) > max_side:
            self._video.release()
            size = f"{wide}x{high} pixels"
            raise PictureError(f"{path}: is {size}; at most {max_side} a side are read (capture.max_side)")

    def grab(self, seconds: float) -> Image | None:
        """The picture at that time, None after the last. Going forward is cheap, going back is not.

        Raises PictureError where the file is damaged at that place.
        """
        if not self._video.isOpened():
            return None
        ahead = seconds - self._at()
        if ahead < -self._half_frame or ahead > _SEEK_FROM:
            if self.duration and seconds >= self.duration:
                return None
            self._video.set(cv2.CAP_PROP_POS_MSEC, max(0.0, seconds) * 1000)
            if not self._video.grab():
                return None
        while self._at() < seconds - self._half_frame:
            if not self._video.grab():
                return None
        good, picture = self._video.retrieve()
        if not good or picture is None:
            raise PictureError(f"{self._path}: the video is damaged at {seconds:.0f} s")
        image: Image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return image

    def close(self) -> None:
        """Closes the file."""
        self._video.release()

    def _at(self) -> float:
        """Time of the frame that was grabbed last, in seconds."""
        return float(self._video.get(cv2.CAP_PROP_POS_MSEC)) / 1000


class WebcamSource:
    """A camera by its number, 0 the first."""

    def __init__(self, number: str | int) -> None:
        try:
            self._number = int(number)
        except ValueError:
            raise SourceError(f"webcam:{number}: give the camera's number, 0 for the first") from None
        self.description = f"webcam {self._number}"
        self._camera: Any = cv2.VideoCapture(self._number) if self._number >= 0 else None
        if self._camera is None or not self._camera.isOpened():
            self.close()
            raise SourceError(f"there is no webcam {self._number}, or another uses it{_camera_remedy()}")
        self._camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def grab(self, seconds: float) -> Image | None:
        """The newest picture. Raises SourceError when the camera gives none, for example unplugged."""
        for _ in range(_WAITING_FRAMES):
            self._camera.grab()
        good, picture = self._camera.read()
        if not good or picture is None:
            raise SourceError(f"webcam {self._number} gives no picture; is it still plugged in?")
        image: Image = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return image

    def close(self) -> None:
        """Switches the camera off."""
        if self._camera is not None:
            self._camera.release()


def _camera_remedy() -> str:
    if sys.platform == "darwin":
        return "; macOS must allow it under System Settings, Privacy & Security, Camera"
    if sys.platform == "win32":
        return "; Windows must allow it under Settings, Privacy, Camera"
    return "; /dev/video* shows the cameras that there are"
