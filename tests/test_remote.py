"""The handle of the watching process: it asks, passes problems on, and starts the process anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from classroom_monitor.errors import ClassroomError, StoreError
from classroom_monitor.records import HealthState, SourceKind, SourceSpec, StartRequest
from classroom_monitor.remote import RemoteWatcher
from tests import watcher_process

REQUEST = StartRequest(SourceSpec(SourceKind.SYNTHETIC), 0.5, title="Lecture")


@pytest.fixture
def started(tmp_path: Path) -> Path:
    return tmp_path / "started.txt"


@pytest.fixture
def watcher(started: Path) -> Iterator[RemoteWatcher]:
    made = RemoteWatcher(watcher_process.obedient, (str(started),))
    yield made
    made.close()


def test_it_starts_tells_and_stops(watcher: RemoteWatcher) -> None:
    assert watcher.start(REQUEST) == "Lecture"
    assert watcher.status().session == "Lecture"
    assert not watcher.ended
    watcher.stop()
    assert watcher.ended
    watcher.close()
    watcher.close()  # safe to call twice


def test_readings_that_were_lost_at_the_end_are_told_once(watcher: RemoteWatcher) -> None:
    watcher.start(replace(REQUEST, title="Unsaved"))
    with pytest.raises(StoreError, match="the disk is full; what was read since then is lost"):
        watcher.close()
    watcher.close()


def test_a_problem_there_is_an_error_here(watcher: RemoteWatcher) -> None:
    with pytest.raises(ClassroomError, match="The window is gone; open it again"):
        watcher.resume()


def test_a_process_that_dies_is_started_again_and_its_session_goes_on_as_a_new_one(
    watcher: RemoteWatcher, started: Path
) -> None:
    watcher.start(REQUEST)
    with pytest.raises(ClassroomError, match="started again"):
        watcher.pause()  # this one dies of it
    for _ in range(300):
        assert not watcher.ended  # it goes on
        if started.read_text(encoding="utf-8").count("\n") == 2:
            break
        time.sleep(0.1)
    assert started.read_text(encoding="utf-8").splitlines() == ["Lecture", "Lecture (continued)"]
    assert watcher.status().session == "Lecture (continued)"


def test_the_own_tile_is_known_by_its_name_and_not_by_its_place_when_a_session_goes_on(
    watcher: RemoteWatcher, started: Path
) -> None:
    watcher.start(replace(REQUEST, own=(0.25, 0.5)))
    watcher.status()
    with pytest.raises(ClassroomError, match="started again"):
        watcher.pause()
    for _ in range(300):
        if started.read_text(encoding="utf-8").count("\n") == 2:
            break
        time.sleep(0.1)
    assert started.read_text(encoding="utf-8").splitlines() == [
        "Lecture(0.25, 0.5)",
        "Lecture (continued)Ruiz",
    ]


def test_a_process_that_keeps_dying_is_given_up_with_a_remedy(watcher: RemoteWatcher) -> None:
    watcher.start(REQUEST)
    health = watcher.status().health
    for _ in range(600):
        try:
            watcher.pause()
        except ClassroomError:
            time.sleep(0.1)
        health = watcher.status().health
        if "doctor" in health.detail:
            break
    assert health.state is HealthState.ERROR
    assert "classroom-monitor doctor" in health.detail
