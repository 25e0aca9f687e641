"""The connection to the database, and what all parts of the store do with it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from classroom_monitor.clock import Clock
from classroom_monitor.errors import StoreError
from classroom_monitor.settings import StoreSettings
from classroom_monitor.store import schema, sqlite
from classroom_monitor.store.rows import Row


class Database:
    """The tables of one store. Every method of the parts that build on it raises StoreError, in one line."""

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
        memory = engine.dialect.name == "sqlite" and file is None
        # In memory there is one connection for all threads, so they take turns.
        self._turn: contextlib.AbstractContextManager[object] = (
            threading.RLock() if memory else contextlib.nullcontext()
        )

    def merged(self, session_id: str) -> dict[int, int]:
        """The students that the teacher said are another one: each with the number it is read under."""
        with self._read() as connection:
            return self._merged(connection, self._key(connection, session_id))

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._turn:
            try:
                with self._engine.begin() as connection:
                    yield connection
            except (SQLAlchemyError, sqlite3.Error) as problem:
                raise StoreError(f"the store cannot be read: {why(problem)}") from None

    @contextlib.contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._turn:
            try:
                with self._engine.execution_options(writes=True).begin() as connection:
                    yield connection
            except (SQLAlchemyError, sqlite3.Error) as problem:
                raise StoreError(f"the store cannot be written: {why(problem)}") from None

    def _find(self, connection: Connection, session_id: str) -> int | None:
        key = connection.execute(
            select(schema.session.c.key).where(schema.session.c.id == session_id)
        ).scalar()
        return None if key is None else int(key)

    def _key(self, connection: Connection, session_id: str) -> int:
        key = self._find(connection, session_id)
        if key is None:
            raise unknown(session_id)
        return key

    def _merged(self, connection: Connection, key: int) -> dict[int, int]:
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

    def _rows(self, table: Table, session_id: str) -> list[Row]:
        """All rows of a small table, by its key."""
        with self._read() as connection:
            query = select(table).where(table.c.session == self._key(connection, session_id))
            rows = connection.execute(query.order_by(*table.primary_key.columns)).mappings().all()
        return [dict(row) for row in rows]

    def _put(self, table: Table, session_id: str, where: Row, values: Row, drop: bool = False) -> None:
        """Sets one row, in place of the one with that key; `drop` only takes it away."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            here = delete(table).where(table.c.session == key)
            for name, value in where.items():
                here = here.where(table.c[name] == value)
            connection.execute(here)
            if not drop:
                connection.execute(insert(table).values(session=key, **where, **values))

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
                f"the rows are deleted, but the file could not be rewritten: {why(problem)}"
            ) from None


def why(problem: Exception) -> str:
    """The cause in one line, with the remedy where it is a known one."""
    text = str(getattr(problem, "orig", None) or problem).strip().partition("\n")[0]
    if "full" in text or "disk I/O" in text:
        return f"{text}; free some space, readings are kept in memory until then"
    if "readonly" in text or "read-only" in text:
        return f"{text}; check the rights of the file and its folder"
    if "locked" in text:
        return f"{text}; another program holds it, try again"
    if "malformed" in text or "not a database" in text:
        return f"{text}; start the program again, which saves what can be read"
    return text


def unknown(session_id: str) -> StoreError:
    """That there is no such session."""
    if session_id == "last":
        return StoreError("there is no session yet; start one, or try the demo")
    return StoreError(f"there is no session {session_id!r}; `classroom-monitor sessions` lists them")
