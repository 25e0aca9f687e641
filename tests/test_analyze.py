"""Recordings become sessions: two at a time, a bad one beside a good one, and stopped half way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from classroom_monitor.analyze import analyze
from classroom_monitor.clock import RealClock
from classroom_monitor.errors import SourceError
from classroom_monitor.records import SourceKind, SourceSpec, StartRequest
from classroom_monitor.settings import load_settings
from classroom_monitor.store import open_store
from classroom_monitor.synthetic.script import read_script
from classroom_monitor.synthetic.source import SyntheticSource

LOOKS = 6
REQUEST = StartRequest(SourceSpec(SourceKind.VIDEO), 0.5, course="Statistics", students_told=True)


def recorded(file: Path, seed: int, seconds: float = 2 * LOOKS, code: str = "mp4v") -> Path:
    """A drawn class as a video of one frame a second."""
    source = SyntheticSource(read_script("calm_class"), 4, seed, minutes=5)
    writer = None
    for frame in range(round(seconds)):
        image = source.grab(float(frame))
        assert image is not None
        if writer is None:
            size = (image.shape[1], image.shape[0])
            writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*code), 1.0, size)
        writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert writer is not None
    writer.release()
    return file


def test_recordings_become_sessions_and_a_bad_one_stops_no_other(tmp_path: Path) -> None:
    good = [recorded(tmp_path / f"week {week}.mp4", week) for week in (1, 2)]
    bad = tmp_path / "notes.mp4"
    bad.write_bytes(b"no video at all")
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    settings = load_settings()
    told: list[tuple[int, float]] = []
    found = analyze(
        [good[0], bad, good[1]],
        settings,
        url,
        2,
        None,
        REQUEST,
        lambda place, share: told.append((place, share)),
    )
    assert [each.video for each in found] == [good[0], bad, good[1]]
    assert found[1].session is None
    assert "notes.mp4: is not a video that can be read" in found[1].problem
    assert {place for place, share in told if share == 1.0} == {0, 1, 2}
    store = open_store(url, RealClock(), settings.store)
    try:
        sessions = {each.id: each for each in store.sessions()}
        assert len(sessions) == 2
        for each in (found[0], found[2]):
            assert not each.problem
            assert each.session is not None
            session = sessions[each.session]
            assert session.title == each.video.stem
            assert (session.course, session.students_told, session.ended) == ("Statistics", True, "stopped")
            looks = store.class_looks(session.id)
            assert list(looks["seconds"]) == [2.0 * look for look in range(LOOKS)]
            assert looks["seen"].max() == 4
    finally:
        store.close()


def test_a_recording_that_was_cut_and_one_without_a_call_are_told(tmp_path: Path) -> None:
    cut, dark = tmp_path / "cut.avi", tmp_path / "dark.avi"
    recorded(cut, 1, seconds=40, code="MJPG")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    writer = cv2.VideoWriter(str(dark), cv2.VideoWriter_fourcc(*"MJPG"), 1.0, (640, 360))
    for _ in range(10):
        writer.write(np.zeros((360, 640, 3), np.uint8))
    writer.release()
    settings = load_settings()
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    found = analyze([cut, dark], settings, url, 1, None, REQUEST, lambda place, share: None)
    assert re.fullmatch(r".*cut\.avi: ends at (18|20) s of 40 s; what it holds was read", found[0].problem)
    assert found[1].problem.endswith("dark.avi: shows no call; is it the recording of one?")
    store = open_store(url, RealClock(), settings.store)
    assert found[0].session is not None
    assert len(store.class_looks(found[0].session)) >= 9
    store.close()


def test_no_cluster_at_that_address(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        analyze(
            [tmp_path / "a.mp4"],
            load_settings(),
            None,
            1,
            "tcp://127.0.0.1:9",
            REQUEST,
            lambda place, share: None,
        )


@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as Unix does")
def test_stopped_half_way_it_keeps_what_it_has_read(tmp_path: Path) -> None:
    video = recorded(tmp_path / "long.mp4", 3, seconds=160)
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    command = [sys.executable, "-m", "classroom_monitor", "analyze", str(video), "--store", url]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    store = open_store(url, RealClock(), load_settings().store)
    try:
        until = time.monotonic() + 120
        while not (store.sessions() and len(store.class_looks(store.sessions()[0].id)) > 2):
            assert running.poll() is None, running.communicate()
            assert time.monotonic() < until
            time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        _, words = running.communicate(timeout=60)
        assert running.returncode == 130, words
        assert "Traceback" not in words
        (session,) = store.sessions()
        assert session.ended == "stopped"
        assert 2 < len(store.class_looks(session.id)) < 80
    finally:
        running.kill()
        store.close()
