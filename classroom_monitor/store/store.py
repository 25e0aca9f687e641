"""The store's one class: what the watcher and the teacher write, and what the pages read."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import inspect as look_into
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from classroom_monitor.clock import Clock
from classroom_monitor.errors import StoreError
from classroom_monitor.records import (
    EXPRESSIONS,
    Answer,
    Box,
    Flag,
    FlagKind,
    Health,
    HealthState,
    Hint,
    HintKind,
    Look,
    Marker,
    MarkerKind,
    Presence,
    Session,
    StudentState,
)
from classroom_monitor.settings import FlagsSettings, StoreSettings, data_folder
from classroom_monitor.store import postgresql, schema, sqlite

#: Looks kept in memory while nothing can be written: an hour at the default rate. The oldest go first.
_KEPT_LOOKS = 1800

#: Looks written in one transaction, at most.
_BATCH = 64

#: A name or title longer than this is a mistake or an attack; characters.
_LONGEST_NAME = 500
_LONGEST_TEXT = 2000

#: A session in a shared database that gets no look for so long is no longer watched: longer than a pause.
_QUIET = timedelta(minutes=30)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CLASS = ("valence", "low", "high", "spread")
_COUNTS = ("seen", "camera_on", "expected")
_SHARES = tuple(f"share_{name}" for name in EXPRESSIONS)
_TILE = ("tile_x", "tile_y", "tile_w", "tile_h")

#: Who is not to be seen whatever the face does.
_NOT_HERE = (Presence.CAMERA_OFF, Presence.PHOTO, Presence.OTHER_PAGE, Presence.LEFT_OUT, Presence.GONE)

_Row = dict[str, Any]


def open_store(url: str | None, clock: Clock, settings: StoreSettings) -> Store:
    """Opens the store, making it first where there is none.

    url: None for SQLite in the user's data folder, `sqlite:///PATH`, `sqlite://` (in memory, for tests) or
    `postgresql+psycopg://…`. A damaged SQLite file is moved aside and its readable rows are saved into a new
    one; `Store.notice` then tells the teacher. A store of an older version is backed up and brought up to
    date. Raises StoreError when it cannot be opened, or was made by a newer version.
    """
    try:
        address = (
            make_url(url) if url is not None else make_url(f"sqlite:///{data_folder() / 'sessions.sqlite'}")
        )
    except ArgumentError:
        raise StoreError(
            f"{url}: is not the address of a store; write sqlite:///PATH or postgresql+psycopg://…"
        ) from None
    notice, file = "", None
    if address.get_backend_name() == "sqlite":
        if address.database and address.database != ":memory:":
            file = Path(address.database).absolute()
            sqlite.make_private(file, own_folder=url is None)
            if sqlite.damaged(file):
                notice = _repair(file, clock)
        engine = sqlite.open_engine(address)
    else:
        engine = postgresql.open_engine(address)
    try:
        _bring_up_to_date(engine, file)
    except StoreError:
        engine.dispose()
        raise
    return Store(engine, clock, settings, file, notice)


def _repair(file: Path, clock: Clock) -> str:
    aside = sqlite.move_aside(file, clock.utc())
    sqlite.make_private(file, own_folder=False)
    engine = sqlite.open_engine(make_url(f"sqlite:///{file}"))
    _bring_up_to_date(engine, None)
    engine.dispose()
    saved = sqlite.salvage(aside, file)
    sessions = "1 session was" if saved == 1 else f"{saved} sessions were"
    return f"The store was damaged. {sessions} saved from it; the damaged file is {aside.name}."


def _bring_up_to_date(engine: Engine, file: Path | None) -> None:
    """Creates the tables or migrates them, in one transaction."""
    try:
        with engine.execution_options(writes=True).begin() as connection:
            if not look_into(connection).has_table(schema.schema.name):
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.schema).values(version=schema.VERSION))
                return
            version = connection.execute(select(func.max(schema.schema.c.version))).scalar() or 0
        if version > schema.VERSION:
            raise StoreError(
                f"the store was made by a newer version (its tables are version {version}, "
                f"this program knows {schema.VERSION}); update the program"
            )
        if version < schema.VERSION:
            if file is not None:
                sqlite.back_up(file, version)
            with engine.execution_options(writes=True).begin() as connection:
                for step in range(version, schema.VERSION):
                    schema.MIGRATIONS[step](connection)
                connection.execute(update(schema.schema).values(version=schema.VERSION))
    except (SQLAlchemyError, sqlite3.Error) as problem:
        raise StoreError(f"the store cannot be opened: {_why(problem)}") from None


@dataclass(slots=True)
class _Running:
    """What the watcher's side remembers of the session it writes."""

    key: int
    class_only: bool
    next_look: int
    looks: list[_Row] = field(default_factory=list)
    students: list[list[_Row]] = field(default_factory=list)  # beside `looks`, one list a look
    flags: dict[int, Flag] = field(default_factory=dict)  # changed, not yet written
    written: dict[int, Flag] = field(default_factory=dict)
    hints: list[_Row] = field(default_factory=list)
    health: Health | None = None  # not yet written
    health_written: Health | None = None
    oldest: float = 0.0  # clock at the first unsaved look, s
    latest: float | None = None  # clock at the last look, s
    tried: float = -math.inf  # clock at the last failed try, s


class Store:
    """Sessions as numbers. See `classroom_monitor.store.open_store`.

    The methods may be called from several threads. Watcher and dashboard each open a store of their own on
    the same file; each table has one writer (`schema`). Every method raises StoreError, in one line, when
    the store cannot be read or written.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        settings: StoreSettings,
        file: Path | None = None,
        notice: str = "",
    ) -> None:
        #: One sentence for the teacher when the store had to be repaired, else empty.
        self.notice = notice
        #: The file, None in memory or in PostgreSQL.
        self.file = file
        self._engine = engine
        self._clock = clock
        self._settings = settings
        self._running: dict[str, _Running] = {}
        self._buffer = threading.RLock()
        memory = engine.dialect.name == "sqlite" and file is None
        # In memory there is one connection for all threads, so they take turns.
        self._turn: contextlib.AbstractContextManager[object] = (
            threading.RLock() if memory else contextlib.nullcontext()
        )

    # ------------------------------------------------------------------ written by the watcher

    def begin(self, session: Session) -> None:
        """Makes the session, or goes on with it where it exists (a watcher started again)."""
        class_only = session.class_only or self._settings.class_only
        with self._buffer, self._write() as connection:
            key = self._find(connection, session.id)
            last = 0
            if key is None:
                made = connection.execute(
                    insert(schema.session).values(
                        id=session.id,
                        title=_clean(session.title),
                        course=_clean(session.course),
                        start_us=_us(session.start),
                        end_us=None if session.end is None else _us(session.end),
                        ended=session.ended,
                        source=_clean(session.source),
                        rate=session.rate,
                        students_told=session.students_told,
                        app_version=session.app_version,
                        weights_sha256=session.weights_sha256,
                        class_only=class_only,
                    )
                )
                key = int(made.inserted_primary_key[0])  # type: ignore[index]
            else:
                connection.execute(
                    update(schema.session).where(schema.session.c.key == key).values(end_us=None, ended=None)
                )
                table = schema.class_look
                last = (
                    connection.execute(select(func.max(table.c.look)).where(table.c.session == key)).scalar()
                    or 0
                )
            self._running[session.id] = _Running(key, class_only, last + 1)

    def add_look(self, session_id: str, look: Look) -> None:
        """Keeps a look; writes before the oldest is `commit_seconds` old, or when `commit_readings` are kept.

        Raises StoreError when writing fails. The look is kept all the same, and is written with later ones
        once that works again; it is tried again every `commit_seconds`.
        """
        with self._buffer:
            running = self._writing(session_id)
            now = self._clock.monotonic()
            if not running.looks:
                running.oldest = now
            gap = 0.0 if running.latest is None else now - running.latest
            running.latest = now
            number, running.next_look = running.next_look, running.next_look + 1
            running.looks.append(_class_row(running.key, number, look))
            rows = (
                []
                if running.class_only
                else [_student_row(running.key, number, each) for each in look.students]
            )
            running.students.append(rows)
            if not running.class_only:
                for flag in look.flags:
                    if running.written.get(flag.number) != flag:
                        running.flags[flag.number] = flag
            if look.hint is not None:
                running.hints.append(_hint_row(running.key, look.hint))
            del running.looks[:-_KEPT_LOOKS], running.students[:-_KEPT_LOOKS]
            # Saved now if the oldest would be too old at the next look, going by the last gap.
            due = now - running.oldest + gap >= self._settings.commit_seconds
            full = len(running.looks) >= self._settings.commit_readings
            if (due or full) and now - running.tried >= self._settings.commit_seconds:
                self._save(session_id, running)

    def set_health(self, session_id: str, health: Health) -> None:
        """Says what the watcher is doing. A new state is written at once, with all looks kept so far."""
        with self._buffer:
            running = self._writing(session_id)
            before, running.health = running.health or running.health_written, health
            if before is None or (before.state, before.detail) != (health.state, health.detail):
                self._save(session_id, running)

    def add_turns(self, session_id: str, turns: Sequence[Marker]) -> None:
        """Sets the turns that the program found, in place of those found before."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            rows = [
                {
                    "session": key,
                    "number": number,
                    "seconds": turn.seconds,
                    "text": _clean(turn.text, _LONGEST_TEXT),
                    "before": _finite(turn.before),
                    "after": _finite(turn.after),
                    "low": _finite(turn.low),
                    "high": _finite(turn.high),
                }
                for number, turn in enumerate(turns, 1)
            ]
            connection.execute(delete(schema.turn).where(schema.turn.c.session == key))
            if rows:
                connection.execute(insert(schema.turn), rows)

    def read_name(self, session_id: str, student: int, text: str) -> None:
        """Keeps a name read off a label; nothing in a class-only session."""
        with self._buffer:
            if self._writing(session_id).class_only:
                return
        self._put(
            schema.read_name, session_id, {"student": student}, {"name": _clean(text)}, drop=not text.strip()
        )

    def finish(self, session_id: str, end: datetime) -> None:
        """Writes everything and marks the session as stopped."""
        with self._buffer:
            running = self._writing(session_id)
            self._save(session_id, running)
            with self._write() as connection:
                connection.execute(
                    update(schema.session)
                    .where(schema.session.c.key == running.key)
                    .values(end_us=_us(end), ended="stopped")
                )
            del self._running[session_id]

    def flush(self) -> None:
        """Writes what is kept. Raises StoreError when that fails; everything is kept then."""
        with self._buffer:
            for session_id, running in tuple(self._running.items()):
                self._save(session_id, running)

    def close(self) -> None:
        """Writes what is kept and lets the file go."""
        try:
            self.flush()
        finally:
            self._engine.dispose()

    def _writing(self, session_id: str) -> _Running:
        if session_id not in self._running:
            raise StoreError(f"session {session_id!r} was not begun; begin it first")
        return self._running[session_id]

    def _save(self, session_id: str, running: _Running) -> None:
        """Writes in batches: while the disk is full, a try costs no more than its first batch."""
        running.tried = self._clock.monotonic()
        while running.looks or running.flags or running.health:
            looks = running.looks[:_BATCH]
            students = [row for rows in running.students[:_BATCH] for row in rows]
            with self._write() as connection:
                if self._find(connection, session_id) != running.key:
                    del self._running[session_id]
                    raise StoreError(
                        f"session {session_id!r} was deleted while it ran; nothing more of it is kept"
                    )
                if looks:
                    connection.execute(insert(schema.class_look), looks)
                if students:
                    connection.execute(insert(schema.student_look), students)
                self._save_flags(connection, running)
                if running.hints:
                    connection.execute(insert(schema.hint), running.hints)
                self._save_health(connection, running)
            del running.looks[:_BATCH], running.students[:_BATCH]
            running.written |= running.flags
            running.flags.clear()
            running.hints.clear()
            running.health_written, running.health = running.health or running.health_written, None
        running.tried = -math.inf

    def _save_flags(self, connection: Connection, running: _Running) -> None:
        table = schema.flag
        if running.flags:
            changed = table.c.number.in_(list(running.flags))
            connection.execute(delete(table).where(table.c.session == running.key, changed))
            connection.execute(
                insert(table), [_flag_row(running.key, flag) for flag in running.flags.values()]
            )

    def _save_health(self, connection: Connection, running: _Running) -> None:
        table, health = schema.health, running.health
        if health:
            connection.execute(delete(table).where(table.c.session == running.key))
            connection.execute(
                insert(table).values(
                    session=running.key,
                    state=health.state.value,
                    utc_us=_us(health.utc),
                    detail=_clean(health.detail, _LONGEST_TEXT),
                )
            )

    # ------------------------------------------------------------------ written by the dashboard

    def rename_session(self, session_id: str, title: str, course: str) -> None:
        """Gives a session another title and course."""
        self._put(schema.title, session_id, {}, {"title": _clean(title), "course": _clean(course)})

    def delete_session(self, session_id: str) -> None:
        """Deletes a session so that no byte of it stays: the file is rewritten and its log emptied.

        Backups and damaged stores lying beside the file are deleted too, for they may hold the session.
        """
        with self._write() as connection:
            key = self._key(connection, session_id)
            for table in schema.OF_SESSION:
                connection.execute(delete(table).where(table.c.session == key))
            connection.execute(delete(schema.session).where(schema.session.c.key == key))
        self._forget_deleted()

    def forget_names(self, session_id: str) -> None:
        """Deletes every name of a session, read or given; the students stay as pseudonyms."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            for table in (schema.read_name, schema.given_name):
                connection.execute(delete(table).where(table.c.session == key))
        self._forget_deleted()

    def add_marker(self, session_id: str, marker: Marker) -> int:
        """Keeps a marker of the teacher; returns its number."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            table = schema.marker
            last = (
                connection.execute(select(func.max(table.c.number)).where(table.c.session == key)).scalar()
                or 0
            )
            connection.execute(insert(table).values(session=key, number=last + 1, **_marker_values(marker)))
        return last + 1

    def edit_marker(self, session_id: str, marker: Marker) -> None:
        """Changes the marker with that number; of a turn found by the program only the text."""
        number = self._number(marker.number)
        if number < 0:
            note = {"text": _clean(marker.text, _LONGEST_TEXT), "removed": False}
            self._put(schema.turn_note, session_id, {"number": -number}, note)
            return
        with self._write() as connection:
            key, table = self._key(connection, session_id), schema.marker
            here = (table.c.session == key) & (table.c.number == number)
            if connection.execute(update(table).where(here).values(**_marker_values(marker))).rowcount == 0:
                raise StoreError(f"there is no marker {number} in this session; it may have been deleted")

    def delete_marker(self, session_id: str, number: int) -> None:
        """Takes a marker away; a turn found by the program stays in the store, but is not shown again."""
        if number < 0:
            self._put(schema.turn_note, session_id, {"number": -number}, {"text": "", "removed": True})
            return
        self._put(schema.marker, session_id, {"number": number}, {}, drop=True)

    def answer(self, session_id: str, flag: int, answer: Answer) -> None:
        """Keeps what the teacher said to a flag."""
        self._put(schema.answer, session_id, {"flag": flag}, {"answer": answer.value})

    def answer_hint(self, session_id: str, hint: int, answer: Answer) -> None:
        """Keeps what the teacher said to a pace hint."""
        self._put(schema.hint_answer, session_id, {"hint": hint}, {"answer": answer.value})

    def name_student(self, session_id: str, student: int, name: str) -> None:
        """Keeps the teacher's name for a student; an empty one goes back to the name read."""
        self._put(
            schema.given_name, session_id, {"student": student}, {"name": _clean(name)}, drop=not name.strip()
        )

    def leave_out(self, session_id: str, student: int, out: bool) -> None:
        """Keeps that a student is left out, or no longer."""
        self._put(schema.left_out, session_id, {"student": student}, {}, drop=not out)

    def merge_students(self, session_id: str, student: int, into: int) -> None:
        """Reads a student under another's number from now on, in all of the session; nothing is rewritten.

        Raises StoreError where both are the same one already.
        """
        with self._write() as connection:
            key = self._key(connection, session_id)
            student, into = (self._same(connection, key).get(each, each) for each in (student, into))
            if student == into:
                raise StoreError(f"students {student} and {into} are one already")
            connection.execute(insert(schema.merged).values(session=key, student=student, into=into))

    def split_student(self, session_id: str, student: int) -> None:
        """Takes a merge back: that number is a student of its own again."""
        self._put(schema.merged, session_id, {"student": student}, {}, drop=True)

    # ------------------------------------------------------------------ read

    def sessions(self, search: str = "") -> tuple[Session, ...]:
        """The sessions, newest first; with `search` those with all its words in title, course, id or date."""
        words = search.casefold().split()
        with self._read() as connection:
            rows = connection.execute(_sessions_query().order_by(schema.session.c.start_us.desc())).all()
        found = [_session(row) for row in rows]
        return tuple(each for each in found if all(word in _searched(each) for word in words))

    def session(self, session_id: str) -> Session:
        """One session by its id, or the newest by `last`. Raises StoreError when there is none."""
        query = _sessions_query()
        if session_id == "last":
            query = query.order_by(schema.session.c.start_us.desc(), schema.session.c.key.desc()).limit(1)
        else:
            query = query.where(schema.session.c.id == session_id)
        with self._read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _unknown(session_id)
        return _session(row)

    def health(self, session_id: str) -> Health | None:
        """What the watcher last said of the session."""
        row = next(iter(self._rows(schema.health, session_id)), None)
        return None if row is None else Health(HealthState(row["state"]), _utc(row["utc_us"]), row["detail"])

    def class_looks(self, session_id: str, since: float | None = None, every: int = 1) -> pd.DataFrame:
        """The class, one row a look, by time: the columns of the export.

        since: seconds from which on. every: only each so-manieth look. `time_utc` is in UTC, `time_local` the
        local wall clock without a zone; what is not known is NaN.
        """
        table = schema.class_look
        with self._read() as connection:
            query = select(*table.c[2:]).where(table.c.session == self._key(connection, session_id))
            if since is not None:
                query = query.where(table.c.seconds >= since)
            if every > 1:
                query = query.where(table.c.look % every == 0)
            rows = connection.execute(query.order_by(table.c.look)).fetchall()
        columns = dict(
            zip([column.name for column in table.c[2:]], _turned(rows, len(table.c) - 2), strict=True)
        )
        utc, local = _stamps(columns["utc_us"], columns["offset_min"])
        frame: _Row = {
            "time_utc": utc,
            "time_local": local,
            "seconds": np.array(columns["seconds"], dtype=np.float64),
        }
        frame |= {name: np.array(columns[name], dtype=np.float64) for name in _CLASS}
        frame |= {name: np.array(columns[name], dtype=np.int64) for name in _COUNTS}
        frame |= {name: np.array(columns[name], dtype=object) for name in ("word", "trend")}
        frame |= {name: np.array(columns[name], dtype=np.float64) for name in _SHARES}
        return pd.DataFrame(frame)

    def student_looks(
        self,
        session_id: str,
        since: float | None = None,
        student: int | None = None,
        before: float = math.inf,
    ) -> pd.DataFrame:
        """The students, one row a student and look, by time: the columns of the export and the tile.

        since, before: seconds from which on, and up to which. student: only that one. `student` is a whole
        number, `usable` 0 or 1; what is not known is NaN; `tile_x` … `tile_h` are pixels of the frame.
        """
        looks, table = schema.class_look, schema.student_look
        wanted = [looks.c.utc_us, looks.c.seconds, *table.c[2:]]
        with self._read() as connection:
            key = self._key(connection, session_id)
            joined = looks.join(table, (table.c.session == looks.c.session) & (table.c.look == looks.c.look))
            query = select(*wanted).select_from(joined).where(looks.c.session == key)
            if since is not None:
                query = query.where(looks.c.seconds >= since)
            if before < math.inf:
                query = query.where(looks.c.seconds < before)
            same = self._same(connection, key)
            if student is not None:
                numbers = [student, *(each for each, into in same.items() if into == student)]
                query = query.where(table.c.student.in_(numbers))
            rows = connection.execute(query.order_by(looks.c.look, table.c.student)).fetchall()
        columns = dict(zip([column.name for column in wanted], _turned(rows, len(wanted)), strict=True))
        utc, _ = _stamps(columns["utc_us"], [0] * len(rows))
        frame: _Row = {"time_utc": utc, "seconds": np.array(columns["seconds"], dtype=np.float64)}
        frame["student"] = np.array(columns["student"], dtype=np.int64)
        frame["presence"] = np.array(columns["presence"], dtype=object)
        frame["usable"] = np.array(columns["usable"], dtype=np.int64)
        frame |= {
            name: np.array(columns[name], dtype=np.float64) / steps for name, steps in schema.SCALES.items()
        }
        frame |= {name: np.array(columns[name], dtype=np.float64) for name in _TILE}
        return _as_one(pd.DataFrame(frame), same)

    def presence(self, session_id: str, parts: int) -> pd.DataFrame:
        """How much of each stretch of the session each student was seen, for drawing.

        parts: the session is cut into so many stretches of as many looks each. Columns: `student`, `part`
        (from 0), `seen` and `known` (looks); one row a student and part in which the student is known.
        """
        table = schema.student_look
        with self._read() as connection:
            key = self._key(connection, session_id)
            looks = schema.class_look
            last = (
                connection.execute(select(func.max(looks.c.look)).where(looks.c.session == key)).scalar() or 0
            )
            size = max(1, math.ceil(last / max(1, parts)))
            part = ((table.c.look - 1) // size).label("part")
            seen = func.sum(case((table.c.presence == Presence.SEEN.value, 1), else_=0))
            query = select(table.c.student, part, seen, func.count()).where(table.c.session == key)
            query = query.group_by(table.c.student, "part").order_by(table.c.student, "part")
            rows = connection.execute(query).fetchall()
            same = self._same(connection, key)
        columns = _turned(rows, 4)
        whole = dict(zip(("student", "part", "seen", "known"), columns, strict=True))
        found = pd.DataFrame({name: np.array(values, dtype=np.int64) for name, values in whole.items()})
        if not same:
            return found
        found["student"] = found["student"].replace(same)
        return found.groupby(["student", "part"], as_index=False).max()  # one person is known once a look

    def signs(self, session_id: str, since: float, flags: FlagsSettings) -> pd.DataFrame:
        """On how many faces each sign was seen, one row a look from `since` (s) on, by time.

        Columns: `seconds`; `read`, the faces whose signs are known; of these `brow`, `away` and `closed`,
        beyond what the settings call worth a flag; `present`, cameras on and on this page; of these `out`, no
        face.
        """
        table, looks = schema.student_look, schema.class_look

        def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
            return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

        def beyond(name: str, limit: float) -> ColumnElement[int]:
            return count(table.c[name] >= round(limit * schema.SCALES[name]))

        here = [each.value for each in Presence if each not in _NOT_HERE]
        with self._read() as connection:
            key = self._key(connection, session_id)
            times = select(looks.c.look, looks.c.seconds).where(
                looks.c.session == key, looks.c.seconds >= since
            )
            seconds = {row.look: row.seconds for row in connection.execute(times)}
            query = (
                select(
                    table.c.look,
                    func.count(table.c.brow_furrow),
                    beyond("brow_furrow", flags.brow_by),
                    beyond("head_turn", flags.turn_by),
                    beyond("eyes_closed", flags.eyes_closed),
                    count(table.c.presence.in_(here)),
                    count(table.c.presence == Presence.NO_FACE.value),
                )
                .where(table.c.session == key, table.c.look >= min(seconds, default=0))
                .group_by(table.c.look)
                .order_by(table.c.look)
            )
            found = connection.execute(query).fetchall() if seconds else []
        rows = [(seconds[row[0]], *row[1:]) for row in found if row[0] in seconds]
        names = ("seconds", "read", "brow", "away", "closed", "present", "out")
        columns = zip(names, _turned(rows, len(names)), strict=True)
        return pd.DataFrame({name: np.array(values, dtype=np.float64) for name, values in columns})

    def students_now(self, session_id: str) -> tuple[StudentState, ...]:
        """The students at the last look, by number; empty in a class-only session."""
        table, looks = schema.student_look, schema.class_look
        with self._read() as connection:
            key = self._key(connection, session_id)
            last = select(func.max(looks.c.look)).where(looks.c.session == key).scalar_subquery()
            query = (
                select(table).where(table.c.session == key, table.c.look == last).order_by(table.c.student)
            )
            rows = connection.execute(query).mappings().all()
            same = self._same(connection, key)
        found: dict[int, StudentState] = {}
        for state in sorted((_state(dict(row)) for row in rows), key=_readable):
            number = same.get(state.student, state.student)
            found[number] = replace(state, student=number)  # of two rows of one person the more readable
        return tuple(found[number] for number in sorted(found))

    def flags(self, session_id: str) -> tuple[Flag, ...]:
        """Every flag raised in the session, by number."""
        same: Mapping[Any, int] = self.merged(session_id)
        return tuple(
            Flag(
                row["number"],
                same.get(row["student"], row["student"]),
                FlagKind(row["kind"]),
                row["raised"],
                row["shown"],
                row["cleared"],
                row["looks"],
                row["looks_with"],
                row["reason"],
            )
            for row in self._rows(schema.flag, session_id)
        )

    def answers(self, session_id: str) -> dict[int, Answer]:
        """What the teacher said, by the number of the flag."""
        return {row["flag"]: Answer(row["answer"]) for row in self._rows(schema.answer, session_id)}

    def hints(self, session_id: str) -> tuple[Hint, ...]:
        """Every pace hint of the session, by number."""
        return tuple(
            Hint(row["number"], row["seconds"], HintKind(row["kind"]), row["text"], row["since"])
            for row in self._rows(schema.hint, session_id)
        )

    def hint_answers(self, session_id: str) -> dict[int, Answer]:
        """What the teacher said, by the number of the hint."""
        rows = self._rows(schema.hint_answer, session_id)
        return {row["hint"]: Answer(row["answer"]) for row in rows}

    def markers(self, session_id: str) -> tuple[Marker, ...]:
        """Markers and turns, by time. Turns found by the program have negative numbers."""
        notes = {row["number"]: row for row in self._rows(schema.turn_note, session_id)}
        marks = [
            Marker(row["seconds"], MarkerKind(row["kind"]), row["text"], row["number"])
            for row in self._rows(schema.marker, session_id)
        ]
        for row in self._rows(schema.turn, session_id):
            note = notes.get(row["number"])
            if note is None or not note["removed"]:
                text = note["text"] if note else row["text"]
                rest = (row["before"], row["after"], row["low"], row["high"])
                marks.append(Marker(row["seconds"], MarkerKind.TURN, text, -row["number"], *rest))
        return tuple(sorted(marks, key=lambda mark: mark.seconds))

    def names(self, session_id: str) -> dict[int, str]:
        """The names by student: the teacher's where there is one, else the one read."""
        same = self.merged(session_id)
        found: dict[int, str] = {}
        for table in (schema.read_name, schema.given_name):
            named = {row["student"]: row["name"] for row in self._rows(table, session_id)}
            found |= {same[student]: name for student, name in named.items() if student in same}
            found |= {student: name for student, name in named.items() if student not in same}
        return found

    def left_out(self, session_id: str) -> frozenset[int]:
        """The students that are left out."""
        same = self.merged(session_id)
        out = (row["student"] for row in self._rows(schema.left_out, session_id))
        return frozenset(same.get(student, student) for student in out)

    def merged(self, session_id: str) -> dict[int, int]:
        """The students that the teacher said are another one: each with the number it is read under."""
        with self._read() as connection:
            return self._same(connection, self._key(connection, session_id))

    # ------------------------------------------------------------------ care

    def purge(self, now: datetime) -> int:
        """Deletes what is kept of single students `keep_students_days` after the end; class rows stay.

        Returns the number of sessions purged. Damaged stores and backups of that age are deleted too.
        """
        limit = now - timedelta(days=self._settings.keep_students_days)
        with self._write() as connection:
            table = schema.session
            old = list(connection.execute(select(table.c.key).where(table.c.end_us < _us(limit))).scalars())
            purged = 0
            for key in old:
                gone = [
                    connection.execute(delete(each).where(each.c.session == key)).rowcount
                    for each in schema.OF_STUDENTS
                ]
                purged += any(gone)
        if purged and self.file:
            self._rewrite()
        if self.file:
            for path in sqlite.leftovers(self.file):
                with contextlib.suppress(OSError):
                    if path.stat().st_mtime < limit.timestamp():
                        path.unlink()
        return purged

    def close_unfinished(self, except_id: str | None = None) -> int:
        """Marks sessions whose watcher died as ended early, at their last look; returns how many.

        except_id: the session that runs now. In a database that other computers may write to, a session is
        taken for dead after half an hour without a look.
        """
        session, looks = schema.session, schema.class_look
        with self._write() as connection:
            last = (
                select(func.max(looks.c.utc_us))
                .where(looks.c.session == session.c.key)
                .correlate(session)
                .scalar_subquery()
            )
            open_ones: ColumnElement[bool] = session.c.end_us.is_(None)
            if except_id is not None:
                open_ones = open_ones & (session.c.id != except_id)
            if self._engine.dialect.name != "sqlite":
                quiet = _us(self._clock.utc() - _QUIET)
                open_ones = open_ones & (func.coalesce(last, session.c.start_us) < quiet)
            done = connection.execute(
                update(session)
                .where(open_ones)
                .values(end_us=func.coalesce(last, session.c.start_us), ended="early")
            )
        return int(done.rowcount)

    # ------------------------------------------------------------------ inside

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._turn:
            try:
                with self._engine.begin() as connection:
                    yield connection
            except (SQLAlchemyError, sqlite3.Error) as problem:
                raise StoreError(f"the store cannot be read: {_why(problem)}") from None

    @contextlib.contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._turn:
            try:
                with self._engine.execution_options(writes=True).begin() as connection:
                    yield connection
            except (SQLAlchemyError, sqlite3.Error) as problem:
                raise StoreError(f"the store cannot be written: {_why(problem)}") from None

    def _find(self, connection: Connection, session_id: str) -> int | None:
        key = connection.execute(
            select(schema.session.c.key).where(schema.session.c.id == session_id)
        ).scalar()
        return None if key is None else int(key)

    def _key(self, connection: Connection, session_id: str) -> int:
        key = self._find(connection, session_id)
        if key is None:
            raise _unknown(session_id)
        return key

    def _same(self, connection: Connection, key: int) -> dict[int, int]:
        """Each merged student with the number at the end of the way: one merged twice has two steps to go."""
        table = schema.merged
        rows = connection.execute(select(table.c.student, table.c.into).where(table.c.session == key))
        steps = {row.student: row.into for row in rows}
        found: dict[int, int] = {}
        for student, end in steps.items():
            found[student] = end
            while found[student] in steps:
                found[student] = steps[found[student]]
        return found

    def _rows(self, table: Table, session_id: str) -> list[_Row]:
        """All rows of a small table, by its key."""
        with self._read() as connection:
            query = select(table).where(table.c.session == self._key(connection, session_id))
            rows = connection.execute(query.order_by(*table.primary_key.columns)).mappings().all()
        return [dict(row) for row in rows]

    def _put(self, table: Table, session_id: str, where: _Row, values: _Row, drop: bool = False) -> None:
        """Sets one row, in place of the one with that key; `drop` only takes it away."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            here = delete(table).where(table.c.session == key)
            for name, value in where.items():
                here = here.where(table.c[name] == value)
            connection.execute(here)
            if not drop:
                connection.execute(insert(table).values(session=key, **where, **values))

    @staticmethod
    def _number(number: int | None) -> int:
        if number is None:
            raise StoreError("a marker without a number cannot be changed; add it first")
        return number

    def _forget_deleted(self) -> None:
        if self.file:
            self._rewrite()
            for path in sqlite.leftovers(self.file):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _rewrite(self) -> None:
        try:
            sqlite.rewrite(self._engine)
        except (SQLAlchemyError, sqlite3.Error) as problem:
            raise StoreError(
                f"the rows are deleted, but the file could not be rewritten: {_why(problem)}"
            ) from None


def _why(problem: Exception) -> str:
    """The cause in one line, with the remedy where it is a known one."""
    text = str(getattr(problem, "orig", None) or problem).splitlines()[0]
    if "full" in text or "disk I/O" in text:
        return f"{text}; free some space, readings are kept in memory until then"
    if "readonly" in text or "read-only" in text:
        return f"{text}; check the rights of the file and its folder"
    if "locked" in text:
        return f"{text}; another program holds it, try again"
    if "malformed" in text or "not a database" in text:
        return f"{text}; start the program again, which saves what can be read"
    return text


def _unknown(session_id: str) -> StoreError:
    if session_id == "last":
        return StoreError("there is no session yet; start one, or try the demo")
    return StoreError(f"there is no session {session_id!r}; `classroom-monitor sessions` lists them")


def _clean(text: str, longest: int = _LONGEST_NAME) -> str:
    """Text any database takes: no lone surrogates, no NUL, not endless."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")[:longest]


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _utc(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _finite(value: float | None) -> float | None:
    """The number, None in place of NaN and infinities."""
    return None if value is None or not math.isfinite(value) else float(value)


def _steps(name: str, value: float | None) -> int | None:
    """A number in the whole steps its column is kept in."""
    value = _finite(value)
    return None if value is None else max(-32768, min(32767, round(value * schema.SCALES[name])))


def _class_row(key: int, number: int, look: Look) -> _Row:
    mood = look.mood
    offset = look.utc.astimezone().utcoffset() or timedelta()
    shares = mood.shares or (None,) * len(EXPRESSIONS)
    return {
        "session": key,
        "look": number,
        "utc_us": _us(look.utc),
        "offset_min": round(offset.total_seconds() / 60),
        "seconds": look.seconds,
        "valence": _finite(mood.valence),
        "low": _finite(mood.low),
        "high": _finite(mood.high),
        "spread": _finite(mood.spread),
        "seen": mood.seen,
        "camera_on": mood.camera_on,
        "expected": mood.expected,
        "word": mood.word.value,
        "trend": mood.trend.value,
        **{name: _finite(share) for name, share in zip(_SHARES, shares, strict=True)},
    }


def _student_row(key: int, number: int, state: StudentState) -> _Row:
    probabilities: Sequence[int | None] = (None,) * len(EXPRESSIONS)
    if state.probabilities is not None and all(map(math.isfinite, state.probabilities)):
        steps = [round(value * 10_000) for value in state.probabilities]
        steps[steps.index(max(steps))] += round(sum(state.probabilities) * 10_000) - sum(
            steps
        )  # the sum stays
        probabilities = steps
    tile = astuple(state.tile) if state.tile is not None else (None,) * 4
    return {
        "session": key,
        "look": number,
        "student": state.student,
        "presence": state.presence.value,
        "usable": int(state.usable),
        "valence": _steps("valence", state.valence),
        "valence_usual": _steps("valence_usual", state.valence_usual),
        **{f"p_{name}": value for name, value in zip(EXPRESSIONS, probabilities, strict=True)},
        "head_turn": _steps("head_turn", state.head_turn),
        "eyes_closed": _steps("eyes_closed", state.eyes_closed),
        "brow_furrow": _steps("brow_furrow", state.brow_furrow),
        **{name: None if value is None else int(value) for name, value in zip(_TILE, tile, strict=True)},
    }


def _state(row: _Row) -> StudentState:
    number = {name: None if row[name] is None else row[name] / steps for name, steps in schema.SCALES.items()}
    probabilities = [number[f"p_{name}"] for name in EXPRESSIONS]
    return StudentState(
        row["student"],
        Presence(row["presence"]),
        None if row["tile_x"] is None else Box(*(row[name] for name in _TILE)),
        bool(row["usable"]),
        None if None in probabilities else tuple(value for value in probabilities if value is not None),
        number["valence"],
        number["valence_usual"],
        number["head_turn"],
        number["eyes_closed"],
        number["brow_furrow"],
    )


def _readable(state: StudentState) -> tuple[bool, bool]:
    return state.presence not in (Presence.GONE, Presence.OTHER_PAGE), state.probabilities is not None


def _as_one(frame: pd.DataFrame, same: dict[int, int]) -> pd.DataFrame:
    """The rows of merged students under one number, at most one a look: the more readable of two."""
    if not same or frame.empty:
        return frame
    away = frame["presence"].isin([Presence.GONE.value, Presence.OTHER_PAGE.value])
    order = pd.DataFrame({"away": away, "unread": frame["p_happy"].isna(), "seconds": frame["seconds"]})
    frame = frame.assign(student=frame["student"].replace(same))
    frame = frame.loc[order.sort_values(["away", "unread"], kind="stable").index]
    frame = frame.drop_duplicates(["seconds", "student"])
    return frame.sort_values(["seconds", "student"], kind="stable", ignore_index=True)


def _flag_row(key: int, flag: Flag) -> _Row:
    return {
        "session": key,
        "number": flag.number,
        "student": flag.student,
        "kind": flag.kind.value,
        "raised": flag.raised,
        "shown": flag.shown,
        "cleared": flag.cleared,
        "looks": flag.looks,
        "looks_with": flag.looks_with,
        "reason": _clean(flag.reason, _LONGEST_TEXT),
    }


def _hint_row(key: int, hint: Hint) -> _Row:
    return {
        "session": key,
        "number": hint.number,
        "seconds": hint.seconds,
        "kind": hint.kind.value,
        "text": hint.text,
        "since": hint.since,
    }


def _marker_values(marker: Marker) -> _Row:
    return {
        "seconds": marker.seconds,
        "kind": marker.kind.value,
        "text": _clean(marker.text, _LONGEST_TEXT),
    }


def _sessions_query() -> Select[Any]:
    mine, given = schema.session, schema.title
    return select(mine, given.c.title.label("new_title"), given.c.course.label("new_course")).select_from(
        mine.outerjoin(given, given.c.session == mine.c.key)
    )


def _session(row: Any) -> Session:
    session = Session(
        row.id,
        row.title,
        row.course,
        _utc(row.start_us),
        None if row.end_us is None else _utc(row.end_us),
        row.ended,
        row.source,
        row.rate,
        row.students_told,
        row.app_version,
        row.weights_sha256,
        row.class_only,
    )
    return session if row.new_title is None else replace(session, title=row.new_title, course=row.new_course)


def _searched(session: Session) -> str:
    day = f"{session.start.astimezone():%Y-%m-%d %d %B}"
    return f"{session.title} {session.course} {session.id} {day}".casefold()


def _turned(rows: Sequence[Any], width: int) -> Sequence[Sequence[Any]]:
    """Rows as columns, also when there are none."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _stamps(microseconds: Sequence[int], offsets: Sequence[int]) -> tuple[pd.Series, pd.Series]:
    """UTC times and local wall clock times."""
    utc = np.array(microseconds, dtype="datetime64[us]")
    local = utc + np.array(offsets, dtype="timedelta64[m]")
    return pd.Series(utc).dt.tz_localize("UTC"), pd.Series(local)
