"""What the watcher writes while a session runs: looks, flags, health, kept in memory until they are saved."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from classroom_monitor.clock import Clock
from classroom_monitor.errors import StoreError
from classroom_monitor.records import Flag, Health, Look, Marker, Session
from classroom_monitor.settings import StoreSettings
from classroom_monitor.store import schema
from classroom_monitor.store.database import Database
from classroom_monitor.store.rows import (
    LONGEST_TEXT,
    Row,
    class_row,
    clean,
    finite,
    flag_row,
    hint_row,
    student_row,
    us,
)

#: Looks kept in memory while nothing can be written: an hour at the default rate. The oldest go first.
_KEPT_LOOKS = 1800

#: Looks written in one transaction, at most.
_BATCH = 64


@dataclass(slots=True)
class _Running:
    """What the watcher's side remembers of the session it writes."""

    key: int
    class_only: bool
    next_look: int
    looks: list[Row] = field(default_factory=list)
    students: list[list[Row]] = field(default_factory=list)  # beside `looks`, one list a look
    flags: dict[int, Flag] = field(default_factory=dict)  # changed, not yet written
    written: dict[int, Flag] = field(default_factory=dict)
    hints: list[Row] = field(default_factory=list)
    health: Health | None = None  # not yet written
    health_written: Health | None = None
    oldest: float = 0.0  # clock at the first unsaved look, s
    latest: float | None = None  # clock at the last look, s
    tried: float = -math.inf  # clock at the last failed try, s


class Readings(Database):
    """The sessions that this process writes, each from `begin` to `finish`."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        settings: StoreSettings,
        file: Path | None = None,
        notice: str = "",
    ) -> None:
        super().__init__(engine, clock, settings, file, notice)
        self._running: dict[str, _Running] = {}
        self._buffer = threading.RLock()

    def begin(self, session: Session) -> None:
        """Makes the session, or goes on with it where it exists (a watcher started again)."""
        class_only = session.class_only or self._settings.class_only
        with self._buffer, self._write() as connection:
            key = self._find(connection, session.id)
            last = 0
            if key is None:
                connection.execute(
                    insert(schema.session).values(
                        id=session.id,
                        title=clean(session.title),
                        course=clean(session.course),
                        start_us=us(session.start),
                        end_us=None if session.end is None else us(session.end),
                        ended=session.ended,
                        source=clean(session.source),
                        rate=session.rate,
                        students_told=session.students_told,
                        app_version=session.app_version,
                        weights_sha256=session.weights_sha256,
                        class_only=class_only,
                    )
                )
                key = self._key(connection, session.id)
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
            running.looks.append(class_row(running.key, number, look))
            rows = (
                []
                if running.class_only
                else [student_row(running.key, number, each) for each in look.students]
            )
            running.students.append(rows)
            if not running.class_only:
                for flag in look.flags:
                    if running.written.get(flag.number) != flag:
                        running.flags[flag.number] = flag
            if look.hint is not None:
                running.hints.append(hint_row(running.key, look.hint))
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
                    "text": clean(turn.text, LONGEST_TEXT),
                    "before": finite(turn.before),
                    "after": finite(turn.after),
                    "low": finite(turn.low),
                    "high": finite(turn.high),
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
            schema.read_name, session_id, {"student": student}, {"name": clean(text)}, drop=not text.strip()
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
                    .values(end_us=us(end), ended="stopped")
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
                insert(table), [flag_row(running.key, flag) for flag in running.flags.values()]
            )

    def _save_health(self, connection: Connection, running: _Running) -> None:
        table, health = schema.health, running.health
        if health:
            connection.execute(delete(table).where(table.c.session == running.key))
            connection.execute(
                insert(table).values(
                    session=running.key,
                    state=health.state.value,
                    utc_us=us(health.utc),
                    detail=clean(health.detail, LONGEST_TEXT),
                )
            )
