from __future__ import annotations

import socket
from pathlib import Path

import cv2
import numpy as np
import pytest

from classroom_monitor.errors import PictureError, SourceError
from classroom_monitor.records import SourceKind, SourceSpec
from classroom_monitor.settings import load_settings
from classroom_monitor.sources import open_source
from classroom_monitor.sources.video import VideoSource, WebcamSource

RATE, SECONDS = 10, 24
STEP = 10  # levels of blue from one second to the next


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red is always full; blue counts the seconds."""
    file = tmp_path_factory.mktemp("video") / "lecture.mp4"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"mp4v"), RATE, (160, 120))
    assert writer.isOpened()
    for frame in range(RATE * SECONDS):
        writer.write(np.full((120, 160, 3), (frame // RATE * STEP, 0, 200), np.uint8))
    writer.release()
    return file


def second(source: VideoSource, seconds: float) -> int | None:
    """Which second of the recording is shown."""
    image = source.grab(seconds)
    if image is None:
        return None
    assert image.shape == (120, 160, 3)
    red, _, blue = (int(level) for level in np.median(image.reshape(-1, 3), axis=0))
    assert abs(red - 200) < 12
    return round(blue / STEP)


def test_the_picture_of_a_time_is_given_forward_and_back(video: Path) -> None:
    source = VideoSource(video, 12000)
    assert source.duration == SECONDS
    assert second(source, 0.0) == 0
    assert second(source, 0.0) == 0
    assert [second(source, at + 0.5) for at in range(5)] == [0, 1, 2, 3, 4]
    assert second(source, 20.5) == 20  # farther than it is read through
    assert second(source, 3.5) == 3
    assert second(source, SECONDS - 0.1) == SECONDS - 1
    assert second(source, SECONDS + 0.5) is None
    assert second(source, 99.0) is None
    source.close()
    source.close()
    assert source.grab(1.0) is None


def test_reading_to_the_end_gives_none(video: Path) -> None:
    source = open_source(SourceSpec(SourceKind.VIDEO, str(video)), load_settings())
    looks = 0
    while source.grab(looks * 2.0) is not None:
        looks += 1
    assert looks == SECONDS / 2
    source.close()


def test_bad_files_are_one_line_and_silent(
    video: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = video.read_bytes()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 50)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    for name in ("text.mp4", "empty.mp4", "cut.mp4"):
        with pytest.raises(PictureError, match=rf"{name}: is not a video that can be read") as caught:
            VideoSource(tmp_path / name, 12000)
        assert "\n" not in str(caught.value)
    with pytest.raises(SourceError, match=r"none.mp4: there is no such video"):
        VideoSource(tmp_path / "none.mp4", 12000)
    with pytest.raises(SourceError, match="is no file"):
        VideoSource(tmp_path, 12000)
    with pytest.raises(PictureError, match="160x120 pixels; at most 100 a side"):
        VideoSource(video, 100)
    assert capfd.readouterr() == ("", "")


def test_a_playlist_in_disguise_opens_no_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = server.getsockname()[1]
        for name in ("list.mp4", "list.m3u8"):
            (tmp_path / name).write_text(
                f"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n"
            )
            with pytest.raises(PictureError):
                VideoSource(tmp_path / name, 12000)
        with pytest.raises(TimeoutError):
            server.accept()


def test_no_such_camera(capfd: pytest.CaptureFixture[str]) -> None:
    for number in ("97", "-1"):
        with pytest.raises(SourceError, match=f"no webcam {number}, or another uses it"):
            open_source(SourceSpec(SourceKind.WEBCAM, number), load_settings())
    with pytest.raises(SourceError, match="give the camera's number"):
        WebcamSource("front")
    assert capfd.readouterr() == ("", "")


class Camera:
    """A camera that keeps old pictures waiting, as real ones do, and can be unplugged."""

    def __init__(self, number: int) -> None:
        self.waiting, self.open = 4, True

    def isOpened(self) -> bool:
        return self.open

    def set(self, what: int, value: float) -> bool:
        return False

    def grab(self) -> bool:
        self.waiting -= 1
        return self.open

    def read(self) -> tuple[bool, np.ndarray | None]:
        level = 0 if self.waiting > 0 else 250
        return self.open, np.full((4, 6, 3), (10, 20, level), np.uint8) if self.open else None

    def release(self) -> None:
        self.open = False


def test_a_camera_gives_its_newest_picture_and_says_when_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    source = WebcamSource("0")
    assert source.description == "webcam 0"
    image = source.grab(0.0)
    assert image is not None
    assert tuple(image[0, 0]) == (250, 20, 10)
    source.close()
    with pytest.raises(SourceError, match="webcam 0 gives no picture"):
        source.grab(2.0)
