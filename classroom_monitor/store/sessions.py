"""The sessions: found, renamed, deleted, and cleared of what is no longer to be kept."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update

from classroom_monitor.records import Health, HealthState, Session
from classroom_monitor.store import schema, sqlite
from classroom_monitor.store.database import Database, unknown
from classroom_monitor.store.rows import clean, session_of, us, utc

#: A session in a shared database that gets no look for so long is no longer watched: longer than a pause.
_QUIET = timedelta(minutes=30)


class Sessions(Database):
    """The sessions as wholes."""

    def sessions(self, search: str = "") -> tuple[Session, ...]:
        """The sessions, newest first; with `search` those with all its words in title, course, id or date."""
        words = search.casefold().split()
        with self._read() as connection:
            rows = connection.execute(_sessions_query().order_by(schema.session.c.start_us.desc())).all()
        found = [session_of(row) for row in rows]
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
            raise unknown(session_id)
        return session_of(row)

    def health(self, session_id: str) -> Health | None:
        """What the watcher last said of the session."""
        row = next(iter(self._rows(schema.health, session_id)), None)
        return None if row is None else Health(HealthState(row["state"]), utc(row["utc_us"]), row["detail"])

    def rename_session(self, session_id: str, title: str, course: str) -> None:
        """Gives a session another title and course."""
        self._put(schema.title, session_id, {}, {"title": clean(title), "course": clean(course)})

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

    def purge(self, now: datetime) -> int:
        """Deletes what is kept of single students `keep_students_days` after the end; class rows stay.

        Returns the number of sessions purged. Damaged stores and backups of that age are deleted too.
        """
        limit = now - timedelta(days=self._settings.keep_students_days)
        with self._write() as connection:
            table = schema.session
            old = list(connection.execute(select(table.c.key).where(table.c.end_us < us(limit))).scalars())
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
                quiet = us(self._clock.utc() - _QUIET)
                open_ones = open_ones & (func.coalesce(last, session.c.start_us) < quiet)
            done = connection.execute(
                update(session)
                .where(open_ones)
                .values(end_us=func.coalesce(last, session.c.start_us), ended="early")
            )
        return int(done.rowcount)


def _sessions_query() -> Select[Any]:
    mine, given = schema.session, schema.title
    return select(mine, given.c.title.label("new_title"), given.c.course.label("new_course")).select_from(
        mine.outerjoin(given, given.c.session == mine.c.key)
    )


def _searched(session: Session) -> str:
    day = f"{session.start.astimezone():%Y-%m-%d %d %B}"
    return f"{session.title} {session.course} {session.id} {day}".casefold()
