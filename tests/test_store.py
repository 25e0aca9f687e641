from __future__ import annotations

import dataclasses
import os
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Connection, text

from classroom_monitor.clock import SteppedClock
from classroom_monitor.errors import StoreError
from classroom_monitor.records import (
    Answer,
    ClassMood,
    ClassWord,
    Flag,
    FlagKind,
    Gallery,
    Health,
    HealthState,
    Look,
    Marker,
    MarkerKind,
    Presence,
    StudentState,
    Trend,
)
from classroom_monitor.settings import StoreSettings, load_settings
from classroom_monitor.store import Store, open_store, schema
from dashboard.made_up import NAMES, START, look, session, store_lecture

SETTINGS = load_settings().store


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.sqlite"


def opened(file: Path, clock: SteppedClock | None = None, settings: StoreSettings = SETTINGS) -> Store:
    return open_store(f"sqlite:///{file}", clock or SteppedClock(START), settings)


@pytest.fixture(params=["memory", "file", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each kind of store in turn."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres"))
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'a.sqlite'}"


def rows_on_disk(file: Path) -> int:
    """The looks another program finds now."""
    other = sqlite3.connect(file)
    try:
        return int(other.execute("SELECT count(*) FROM class_look").fetchone()[0])
    finally:
        other.close()


def bytes_on_disk(folder: Path, wanted: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and wanted in path.read_bytes()]


# ----------------------------------------------------------------------------- what is put in comes out


def test_a_lecture_comes_back_as_it_was_stored(url: str) -> None:
    clock = SteppedClock(START)
    store = open_store(url, clock, SETTINGS)
    stored = store_lecture(store, clock, minutes=10)
    assert stored == dataclasses.replace(session(), end=START + timedelta(minutes=10), ended="stopped")
    assert store.session("last") == store.session("lecture") == stored

    looks = store.class_looks("lecture")
    first = look(0.0, 10).mood
    row = looks.iloc[0]
    assert (row["valence"], row["low"], row["high"], row["spread"]) == pytest.approx(
        (first.valence, first.low, first.high, first.spread)
    )
    assert (row["seen"], row["camera_on"], row["expected"]) == (
        first.seen,
        first.camera_on,
        first.expected,
    )
    assert (row["word"], row["trend"]) == (first.word.value, first.trend.value)
    assert looks["seconds"].is_monotonic_increasing
    assert row["time_utc"] == pd.Timestamp(START)
    assert str(looks["time_utc"].dtype).endswith("UTC]")

    last = look(float(looks["seconds"].iloc[-1]), 10)
    now = store.students_now("lecture")
    assert [each.student for each in now] == [each.student for each in last.students]
    for stored_state, state in zip(now, last.students, strict=True):
        assert (stored_state.presence, stored_state.tile) == (state.presence, state.tile)
        assert stored_state.usable == state.usable
        for name in ("valence", "valence_usual", "head_turn", "eyes_closed", "brow_furrow"):
            given, wanted = getattr(stored_state, name), getattr(state, name)
            assert given == (
                None if wanted is None else pytest.approx(wanted, abs=0.05 if name == "head_turn" else 5e-5)
            )
        if state.probabilities:
            assert stored_state.probabilities == pytest.approx(state.probabilities, abs=2e-4)
            assert sum(stored_state.probabilities or ()) == pytest.approx(1)
    assert store.flags("lecture") == last.flags
    assert store.answers("lecture") == {1: Answer.LOOKED}
    assert store.names("lecture")[4] == NAMES[3]
    assert store.left_out("lecture") == {4}
    assert store.health("lecture") == Health(HealthState.WATCHING, START + timedelta(minutes=10))
    store.close()


def test_looks_of_one_student_and_since(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store_lecture(store, clock, minutes=10)
    everyone = store.student_looks("lecture")
    alone = store.student_looks("lecture", student=3)
    pd.testing.assert_frame_equal(alone, everyone[everyone["student"] == 3].reset_index(drop=True))
    late = store.student_looks("lecture", since=300)
    pd.testing.assert_frame_equal(late, everyone[everyone["seconds"] >= 300].reset_index(drop=True))
    looks = store.class_looks("lecture")
    pd.testing.assert_frame_equal(
        store.class_looks("lecture", since=300), looks[looks["seconds"] >= 300].reset_index(drop=True)
    )
    assert store.class_looks("lecture", every=4)["seconds"].tolist() == looks["seconds"].tolist()[3::4]


def test_unknown_numbers_are_none_and_never_nan(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session())
    mood = ClassMood(float("nan"), None, float("inf"), None, 0, 0, 0, ClassWord.TOO_FEW, Trend.UNCLEAR, None)
    nobody = (StudentState(1, Presence.SEEN, None, False, (float("nan"),) * 7, float("nan")),)
    store.add_look("lecture", Look(0.0, START, Gallery((), False), nobody, mood, ()))
    store.flush()
    assert store.students_now("lecture") == (StudentState(1, Presence.SEEN),)
    assert store.class_looks("lecture")[["valence", "high", "share_happy"]].isna().all(axis=None)


def test_presence_by_parts(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store_lecture(store, clock, minutes=10)
    parts = store.presence("lecture", 10)
    everyone = store.student_looks("lecture")
    assert sorted(parts["part"].unique()) == list(range(10))
    assert parts["known"].sum() == len(everyone)
    assert parts["seen"].sum() == (everyone["presence"] == "seen").sum()
    assert parts[parts["student"] == 6]["seen"].sum() == 0  # camera off


def test_flags_are_brought_up_to_date(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session())
    for seconds in (0.0, 14.0 * 60, 29 * 60.0):
        store.add_look("lecture", look(seconds))
    store.flush()
    assert [flag.number for flag in store.flags("lecture")] == [1, 2, 3]
    assert all(flag.cleared is not None for flag in store.flags("lecture"))


def test_markers_are_edited_and_turns_annotated_or_removed(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store_lecture(store, clock, minutes=10)
    number = store.add_marker("lecture", Marker(30, MarkerKind.QUESTION, "Who knows?"))
    store.edit_marker("lecture", Marker(31, MarkerKind.BREAK, "Tea", number))
    assert Marker(31, MarkerKind.BREAK, "Tea", number) in store.markers("lecture")
    store.delete_marker("lecture", number)
    turns = [mark for mark in store.markers("lecture") if mark.kind is MarkerKind.TURN]
    assert len(turns) == 4
    assert all(mark.number is not None and mark.number < 0 for mark in turns)
    store.edit_marker("lecture", dataclasses.replace(turns[0], text="first example"))
    store.delete_marker("lecture", turns[1].number or 0)
    after = [mark for mark in store.markers("lecture") if mark.kind is MarkerKind.TURN]
    assert [mark.text for mark in after] == [
        "first example",
        "Brightened",
        "Dimmed briefly, back within 5 min",
    ]
    assert after[0].before == turns[0].before
    with pytest.raises(StoreError, match="no marker 99"):
        store.edit_marker("lecture", Marker(1, MarkerKind.OTHER, "", 99))


def test_the_teachers_words_stand_over_the_watchers(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store_lecture(store, clock, minutes=2)
    store.rename_session("lecture", "Algebra", "Maths 1")
    store.name_student("lecture", 1, "Anna")
    assert (store.session("lecture").title, store.session("lecture").course) == ("Algebra", "Maths 1")
    assert store.names("lecture")[1] == "Anna"
    store.name_student("lecture", 1, "")
    store.leave_out("lecture", 4, False)
    assert store.names("lecture")[1] == "Ana"
    assert store.left_out("lecture") == frozenset()


def test_sessions_are_found_newest_first(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    for day, title in enumerate(("Café du matin", "ALGEBRA", "Geometry")):
        store.begin(session(f"s{day}", title, START + timedelta(days=day)))
    assert [each.id for each in store.sessions()] == ["s2", "s1", "s0"]
    assert [each.id for each in store.sessions("algebra")] == ["s1"]
    assert [each.id for each in store.sessions("CAFÉ statistics")] == ["s0"]
    assert [each.id for each in store.sessions("2026-11-20")] == ["s1"]
    assert store.sessions("nothing of the kind") == ()
    with pytest.raises(StoreError, match="no session 'other'"):
        store.session("other")


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "\u202etxet", "a\x00b", "\ud800", "x" * 10_000, "👩‍🏫", "'; DROP TABLE session;--"]
)
def test_hostile_names_are_kept_as_text(clock: SteppedClock, name: str) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session("lecture", name))
    store.read_name("lecture", 1, name)
    kept = store.names("lecture")[1]
    assert kept == store.session("lecture").title
    assert kept == name.encode("utf-8", "replace").decode().replace("\x00", "")[:500]


def test_a_class_only_session_keeps_no_row_of_a_student(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=10, of=dataclasses.replace(session(), class_only=True))
    assert store.session("lecture").class_only
    assert len(store.class_looks("lecture")) > 100
    assert (
        len(store.student_looks("lecture")) == len(store.flags("lecture")) == len(store.names("lecture")) == 0
    )
    assert store.students_now("lecture") == ()


def test_an_unknown_session_cannot_be_written(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    with pytest.raises(StoreError, match="was not begun"):
        store.add_look("lecture", look(0))
    with pytest.raises(StoreError, match="no session"):
        store.add_marker("lecture", Marker(1, MarkerKind.OTHER))
    with pytest.raises(StoreError, match="start one"):
        store.session("last")


# ----------------------------------------------------------------------------- when it is written


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
def test_no_reading_waits_longer_than_the_commit_time(file: Path, clock: SteppedClock, rate: float) -> None:
    store = opened(file, clock, dataclasses.replace(SETTINGS, commit_seconds=5.0))
    store.begin(session(rate=rate))
    written_at_once = 0
    for step in range(60):
        store.add_look("lecture", look(step / rate))
        saved = rows_on_disk(file)
        written_at_once += saved == step + 1
        clock.step(1 / rate)
        # What a kill just before the next look would lose:
        assert (step + 1 - saved) / rate <= 5.0
    assert written_at_once < 60  # it does wait: several looks share a commit


def test_by_default_every_look_is_written_as_it_comes(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store.begin(session())
    store.add_look("lecture", look(0))
    for step in range(1, 20):
        clock.step(2.0)
        store.add_look("lecture", look(2.0 * step))
        assert rows_on_disk(file) == step + 1


def test_readings_are_written_by_count(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock, dataclasses.replace(SETTINGS, commit_seconds=60.0, commit_readings=4))
    store.begin(session())
    saved = []
    for step in range(8):
        clock.step(0.5)
        store.add_look("lecture", look(step * 0.5))
        saved.append(rows_on_disk(file))
    assert saved == [0, 0, 0, 4, 4, 4, 4, 8]


def test_a_new_state_is_written_at_once(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store.begin(session())
    store.add_look("lecture", look(0.0))
    store.set_health("lecture", Health(HealthState.PAUSED, START))
    assert rows_on_disk(file) == 1
    assert opened(file).health("lecture") == Health(HealthState.PAUSED, START)


def test_another_process_sees_what_is_written(file: Path, clock: SteppedClock) -> None:
    watcher, pages = opened(file, clock), opened(file)
    stored = store_lecture(watcher, clock, minutes=2, finish=False)
    pages.add_marker(stored.id, Marker(3.0, MarkerKind.QUESTION, "now"))
    assert pages.session("last").ended is None
    assert len(pages.class_looks(stored.id)) == len(watcher.class_looks(stored.id))
    assert "now" in {mark.text for mark in watcher.markers(stored.id)}


@pytest.mark.parametrize("url", ["file", "postgres"], indirect=True)
def test_pages_read_while_the_watcher_writes(url: str, clock: SteppedClock) -> None:
    watcher = open_store(url, clock, dataclasses.replace(SETTINGS, commit_readings=1))
    pages = open_store(url, SteppedClock(START), SETTINGS)
    watcher.begin(session())
    problems: list[BaseException] = []

    def watch_pages() -> None:
        try:
            for number in range(30):
                pages.class_looks("lecture")
                pages.add_marker("lecture", Marker(float(number), MarkerKind.OTHER))
        except BaseException as problem:
            problems.append(problem)

    readers = [threading.Thread(target=watch_pages) for _ in range(3)]
    for reader in readers:
        reader.start()
    for step in range(100):
        clock.step(5)
        watcher.add_look("lecture", look(step * 5.0))
    for reader in readers:
        reader.join()
    assert not problems
    assert len(pages.markers("lecture")) == 90
    assert len(pages.class_looks("lecture")) == 100
    watcher.close()
    pages.close()


def test_a_session_goes_on_after_the_watcher_started_again(file: Path, clock: SteppedClock) -> None:
    first = opened(file, clock)
    first.begin(session())
    first.add_look("lecture", look(0.0))
    first.close()
    second = opened(file, clock)
    second.begin(session())
    second.add_look("lecture", look(5.0))
    second.finish("lecture", START + timedelta(seconds=10))
    assert second.class_looks("lecture")["seconds"].tolist() == [0.0, 5.0]
    assert len(second.sessions()) == 1


# ----------------------------------------------------------------------------- killed, full, damaged

KILLED = """
import sys, itertools
sys.path[:0] = {path!r}
from dashboard.made_up import look, session
from classroom_monitor.clock import SteppedClock
from classroom_monitor.settings import load_settings
from classroom_monitor.store import open_store
clock = SteppedClock()
store = open_store({url!r}, clock, load_settings().store)
store.begin(session())
for number in itertools.count():
    clock.step(1)
    store.add_look("lecture", look(float(number), 30, 49))
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_killed_session_opens_in_review_and_is_marked(file: Path) -> None:
    here = Path(__file__).parent
    program = KILLED.format(path=[str(here), str(here.parent)], url=f"sqlite:///{file}")
    chance = random.Random(7)
    for _ in range(6):
        for path in file.parent.glob("*"):
            path.unlink()
        running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        told = -1
        for _ in range(chance.randrange(3, 40)):
            told = int(running.stdout.readline())
        time.sleep(chance.random() * 0.02)
        running.send_signal(signal.SIGKILL)
        told = max([told, *(int(line) for line in running.stdout.read().splitlines() if line)])
        running.wait()
        running.stdout.close()
        store = opened(file)
        assert store.notice == ""
        assert store.close_unfinished() == 1
        kept = store.session("last")
        looks = store.class_looks("lecture")
        assert kept.ended == "early"
        assert told + 1 - len(looks) <= SETTINGS.commit_seconds
        assert looks["seconds"].tolist() == list(range(len(looks)))
        assert len(store.student_looks("lecture")) == 49 * len(looks)
        if len(looks):
            assert kept.end == looks["time_utc"].iloc[-1].to_pydatetime()
        store.close()


def test_the_running_session_is_not_closed(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session("runs"))
    store.begin(session("dead"))
    assert store.close_unfinished("runs") == 1
    assert store.session("runs").ended is None
    assert (store.session("dead").ended, store.session("dead").end) == ("early", START)


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file of this process may grow beyond `limit` bytes: a write fails as it does on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_session_watched_from_another_computer_is_left_alone(postgres: str, clock: SteppedClock) -> None:
    watching, reviewing = (open_store(postgres, clock, SETTINGS) for _ in range(2))
    watching.begin(session())
    watching.add_look("lecture", look(0.0))
    watching.flush()
    clock.step(29 * 60)
    assert reviewing.close_unfinished() == 0
    clock.step(2 * 60)
    assert reviewing.close_unfinished() == 1
    assert reviewing.session("lecture").ended == "early"
    watching.close()
    reviewing.close()


@pytest.mark.parametrize("room", range(0, 80_000, 7_919))
def test_a_full_disk_loses_nothing_wherever_it_fills_up(file: Path, clock: SteppedClock, room: int) -> None:
    store = opened(file, clock, dataclasses.replace(SETTINGS, commit_readings=1))
    store.begin(session())
    store.add_look("lecture", look(0.0, 30, 49))
    said: list[str] = []
    with full_disk(file.with_name(file.name + "-wal").stat().st_size + room):
        for step in range(1, 30):
            clock.step(5)
            try:
                store.add_look("lecture", look(step * 5.0, 30, 49))
            except StoreError as problem:
                said.append(str(problem))
    assert said
    assert all("free some space" in line and "\n" not in line for line in said)
    clock.step(5)
    store.add_look("lecture", look(150.0, 30, 49))
    assert store.class_looks("lecture")["seconds"].tolist() == [step * 5.0 for step in range(31)]
    assert len(store.student_looks("lecture")) == 31 * 49
    store.close()
    assert opened(file).notice == ""


def test_what_is_kept_while_nothing_can_be_written_is_bounded(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store.begin(session())
    bare = look(0.0, 30, 1)
    with full_disk(0):
        for step in range(2000):
            clock.step(2)
            try:
                store.add_look("lecture", dataclasses.replace(bare, seconds=float(step)))
            except StoreError:
                continue
    store.flush()
    assert store.class_looks("lecture")["seconds"].tolist() == list(range(200, 2000))


def test_writing_that_fails_is_tried_again_every_commit_time_only(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock, dataclasses.replace(SETTINGS, commit_seconds=5.0))
    store.begin(session(rate=1))
    failed = 0
    with full_disk(0):
        for step in range(51):
            try:
                store.add_look("lecture", look(float(step), 30, 1))
            except StoreError:
                failed += 1
            clock.step(1)
    assert 9 <= failed <= 11


@pytest.mark.parametrize("damage", ["text", "head", "middle", "short"])
def test_a_damaged_file_is_moved_aside_and_saved_from(file: Path, clock: SteppedClock, damage: str) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=10)
    store.close()
    content = bytearray(file.read_bytes())
    if damage == "text":
        content = bytearray(b"this is no database\n" * 500)
    elif damage == "head":
        content[:100] = os.urandom(100)
    elif damage == "middle":
        middle = len(content) // 2 // 4096 * 4096
        content[middle : middle + 8192] = os.urandom(8192)
    else:
        del content[len(content) * 3 // 4 :]
    file.write_bytes(content)
    again = opened(file, clock)
    assert "damaged" in again.notice
    aside = [path for path in file.parent.iterdir() if ".corrupt." in path.name]
    assert any(path.read_bytes() == content for path in aside)
    if damage == "middle":
        assert again.session("last").title == "Statistics II, lecture 7"
        assert len(again.class_looks("lecture")) + len(again.student_looks("lecture")) > 500
    again.begin(session("next"))
    again.close()
    assert opened(file).notice == ""


@pytest.mark.skipif(os.name != "posix", reason="POSIX rights")
def test_files_are_private(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=2, finish=False)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}
    assert len(list(file.parent.iterdir())) == 3  # the file, its log, its index


def test_an_address_that_is_none_is_refused_in_one_line(tmp_path: Path, clock: SteppedClock) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for url in (
        "not a url",
        f"sqlite:///{tmp_path}/file/below.sqlite",
        f"sqlite:///{tmp_path}",
        "nosuch://host/db",
    ):
        with pytest.raises(StoreError) as caught:
            open_store(url, clock, SETTINGS)
        assert "\n" not in str(caught.value)


# ----------------------------------------------------------------------------- deleting and keeping


def test_deleted_means_gone(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=10, of=session("other"))
    store_lecture(store, clock, minutes=10, of=session("lecture", "Zebratitle"), seed=2)
    store.name_student("lecture", 1, "Quaggaperson")
    store.add_marker("lecture", Marker(1, MarkerKind.OTHER, "Okapimark"))
    (file.parent / f"{file.name}.v0.backup").write_bytes(b"an older copy with Quaggaperson")
    secrets = (b"Zebratitle", b"Quaggaperson", b"Okapimark")
    assert all(bytes_on_disk(file.parent, secret) for secret in secrets)
    pages = opened(file)
    pages.delete_session("lecture")
    assert [bytes_on_disk(file.parent, secret) for secret in secrets] == [[], [], []]
    assert [each.id for each in store.sessions()] == ["other"]
    assert len(store.student_looks("other")) > 1000
    with pytest.raises(StoreError, match="no session"):
        store.delete_session("lecture")


def test_names_are_deleted_alone(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=10)
    store.name_student("lecture", 1, "Quaggaperson")
    store.forget_names("lecture")
    assert store.names("lecture") == {}
    assert bytes_on_disk(file.parent, b"Quaggaperson") == bytes_on_disk(file.parent, b"Hanako") == []
    assert len(store.student_looks("lecture")) > 1000


def test_a_session_deleted_while_it_runs_ends_its_writing(file: Path, clock: SteppedClock) -> None:
    watcher, pages = opened(file, clock), opened(file)
    store_lecture(watcher, clock, minutes=2, finish=False)
    pages.delete_session("lecture")
    watcher.add_look("lecture", look(200.0))
    with pytest.raises(StoreError, match="was deleted"):
        watcher.flush()
    assert rows_on_disk(file) == 0
    watcher.close()


def test_student_rows_are_purged_after_their_time_and_class_rows_stay(
    file: Path, clock: SteppedClock
) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=10)
    end = store.session("lecture").end
    assert end is not None
    assert store.purge(end + timedelta(days=SETTINGS.keep_students_days, seconds=-1)) == 0
    assert len(store.student_looks("lecture")) > 1000
    assert store.purge(end + timedelta(days=SETTINGS.keep_students_days, seconds=1)) == 1
    assert (
        len(store.student_looks("lecture")) == len(store.names("lecture")) == len(store.flags("lecture")) == 0
    )
    assert len(store.class_looks("lecture")) > 100
    assert store.markers("lecture")
    assert bytes_on_disk(file.parent, b"Hanako") == []
    assert store.purge(end + timedelta(days=400)) == 0


def test_a_running_session_is_never_purged(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store_lecture(store, clock, minutes=2, finish=False)
    assert store.purge(START + timedelta(days=1000)) == 0
    assert len(store.student_looks("lecture")) > 0


# ----------------------------------------------------------------------------- versions


def test_an_older_store_is_backed_up_and_brought_up_to_date(
    file: Path, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=2)
    store.close()

    def add_room(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE session ADD COLUMN room TEXT"))

    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    monkeypatch.setattr(schema, "MIGRATIONS", {schema.VERSION - 1: add_room})
    newer = opened(file, clock)
    assert newer.session("last").id == "lecture"
    backups = [path for path in file.parent.iterdir() if path.name.endswith(".backup")]
    assert len(backups) == 1
    assert stat.S_IMODE(backups[0].stat().st_mode) == 0o600
    assert b"Hanako" in backups[0].read_bytes()
    newer.close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer version"):
        opened(file, clock)


def test_a_migration_that_fails_changes_nothing(
    file: Path, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(file, clock).close()

    def half(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE session ADD COLUMN room TEXT"))
        connection.execute(text("ALTER TABLE nowhere ADD COLUMN room TEXT"))

    with monkeypatch.context() as patched:
        patched.setattr(schema, "VERSION", schema.VERSION + 1)
        patched.setattr(schema, "MIGRATIONS", {schema.VERSION - 1: half})
        with pytest.raises(StoreError, match="cannot be opened"):
            opened(file, clock)
    other = sqlite3.connect(file)
    assert "room" not in {row[1] for row in other.execute("PRAGMA table_info(session)")}
    other.close()
    opened(file, clock).begin(session())


def test_a_store_from_before_students_could_be_merged_still_opens(file: Path, clock: SteppedClock) -> None:
    store = opened(file, clock)
    store_lecture(store, clock, minutes=2)
    store.close()
    with sqlite3.connect(file) as old:
        old.execute("DROP TABLE merged")
        old.execute("UPDATE schema_version SET version = 1")
    store = opened(file, clock)
    store.merge_students("lecture", 8, 3)
    assert store.merged("lecture") == {8: 3}
    store.close()


def test_signs_are_counted_look_by_look_beyond_what_the_settings_say(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session())
    seen = StudentState(1, Presence.SEEN, None, True, None, 0.0, 0.0, 0.0, 0.0, 0.0)
    people = (
        seen,
        replace(seen, student=2, brow_furrow=0.4),
        replace(seen, student=3, head_turn=40.0, eyes_closed=0.9),
        StudentState(4, Presence.SEEN),
        StudentState(5, Presence.NO_FACE),
        StudentState(6, Presence.CAMERA_OFF),
    )
    for number in range(4):
        made = replace(look(float(number), 1.0, 1), seconds=float(number), students=people, flags=())
        store.add_look("lecture", made)
    store.flush()
    found = store.signs("lecture", 2.0, load_settings().flags)
    assert found.to_numpy().tolist() == [[2, 3, 1, 1, 1, 5, 1], [3, 3, 1, 1, 1, 5, 1]]
    assert store.signs("lecture", 9.0, load_settings().flags).empty


# ----------------------------------------------------------------------------- two who are one


def test_merged_students_are_read_as_one_everywhere_and_can_be_split_again(clock: SteppedClock) -> None:
    """Student 2 is seen at first, then comes back as student 9: the program took one for two."""
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session())
    here = StudentState(2, Presence.SEEN, None, True, (0.1, 0, 0, 0.5, 0.1, 0, 0.3), 0.3, 0.1)
    gone = StudentState(2, Presence.GONE)
    flag = Flag(1, 9, FlagKind.LOWER, 4.0, None, None, 9, 8, "Looks sad")
    for number in range(6):
        later = number >= 3
        both = (gone, replace(here, student=9)) if later else (here,)
        made = replace(look(float(number), 1.0, 1), seconds=float(number), students=both)
        store.add_look("lecture", replace(made, flags=(flag,) if later else ()))
    store.read_name("lecture", 9, "Ana")
    store.leave_out("lecture", 9, True)
    store.flush()
    before = store.student_looks("lecture")
    assert sorted(before["student"].unique()) == [2, 9]

    store.merge_students("lecture", 9, 2)
    for looks in (store.student_looks("lecture"), store.student_looks("lecture", student=2)):
        assert list(looks["student"]) == [2] * 6
        assert list(looks["presence"]) == ["seen"] * 6
        assert list(looks["seconds"]) == [0, 1, 2, 3, 4, 5]
    assert [each.student for each in store.students_now("lecture")] == [2]
    assert store.students_now("lecture")[0].probabilities is not None
    assert [each.student for each in store.flags("lecture")] == [2]
    assert store.names("lecture") == {2: "Ana"}
    assert store.left_out("lecture") == {2}
    parts = store.presence("lecture", 2)
    assert [(row.student, row.part, row.seen, row.known) for row in parts.itertuples()] == [
        (2, 0, 3, 3),
        (2, 1, 3, 3),
    ]
    store.name_student("lecture", 2, "Ana Ruiz")
    assert store.names("lecture") == {2: "Ana Ruiz"}
    with pytest.raises(StoreError, match="one already"):
        store.merge_students("lecture", 2, 9)
    store.merge_students("lecture", 2, 1)  # two steps
    assert store.merged("lecture") == {9: 1, 2: 1}
    store.split_student("lecture", 2)
    store.split_student("lecture", 9)
    pd.testing.assert_frame_equal(store.student_looks("lecture"), before)
    assert store.merged("lecture") == {}


def test_columns_that_are_stored_hold_numbers_and_few_words() -> None:
    words = {
        f"{table.name}.{column.name}"
        for table in schema.OF_SESSION
        for column in table.c
        if str(column.type) == "TEXT"
    }
    assert words == {
        *(
            "answer.answer",
            "class_look.trend",
            "class_look.word",
            "flag.kind",
            "flag.reason",
            "given_name.name",
            "hint.kind",
            "hint.text",
            "hint_answer.answer",
        ),
        *(
            "health.detail",
            "health.state",
            "marker.kind",
            "marker.text",
            "read_name.name",
            "student_look.presence",
        ),
        *("title.course", "title.title", "turn.text", "turn_note.text"),
    }
    assert "BLOB" not in {str(column.type) for table in schema.metadata.sorted_tables for column in table.c}


def test_times_keep_their_order_when_the_wall_clock_jumps(clock: SteppedClock) -> None:
    store = open_store("sqlite://", clock, SETTINGS)
    store.begin(session())
    for step in range(4):
        if step == 2:
            clock.jump(-3600)
        store.add_look("lecture", dataclasses.replace(look(float(step)), utc=clock.utc()))
        clock.step(1)
    store.flush()
    looks = store.class_looks("lecture")
    assert looks["seconds"].tolist() == [0, 1, 2, 3]
    assert looks["time_utc"].iloc[2] == pd.Timestamp(START.astimezone(UTC)) + pd.Timedelta(seconds=2 - 3600)


def test_the_page_of_what_is_stored_lists_every_column() -> None:
    page = (Path(__file__).parent.parent / "docs" / "stored.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| (.+) \|$", page, re.MULTILINE)
    listed = {table: re.findall(r"`(\w+)`", columns) for table, columns in rows}
    assert listed == {
        table.name: [column.name for column in table.c] for table in schema.metadata.sorted_tables
    }
