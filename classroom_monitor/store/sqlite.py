"""Everything that is SQLite's own: safe settings, private files, checking, salvage and true deletion."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import StaticPool

from classroom_monitor.errors import StoreError
from classroom_monitor.store import schema

#: Seconds to wait for the other process' short writes.
_BUSY = 5.0

#: Seconds the check at opening may take; a store too large for it is checked as far as it goes, and
#: damage further on is met (and said) when it is read.
_CHECK = 0.8


def open_engine(url: URL) -> Engine:
    """An engine whose every connection survives crash and power loss and leaves no deleted byte behind."""
    memory = not url.database or url.database == ":memory:"
    connect = {"timeout": _BUSY, "check_same_thread": False}
    engine = (
        create_engine(url, connect_args=connect, poolclass=StaticPool)
        if memory
        else create_engine(url, connect_args=connect)
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A writer takes the lock at once: a reader that turns writer could not wait for it.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def make_private(file: Path, own_folder: bool) -> None:
    """Creates folder (0700) and file (0600). own_folder: it is ours, so it is set even if it exists."""
    try:
        new = not file.parent.exists()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if new or own_folder:
            file.parent.chmod(0o700)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        file.chmod(0o600)
    except OSError as problem:
        raise StoreError(
            f"{file}: the store cannot be opened ({problem.strerror}); "
            "check the folder's rights, or give --store URL"
        ) from None


def damaged(file: Path) -> bool:
    """Whether the file is no sound SQLite database. Raises StoreError when it cannot be looked at."""
    if file.stat().st_size == 0:
        return False
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=_BUSY)) as connection:
            end = time.monotonic() + _CHECK
            connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            return bool(found) and found[0] != "ok"
    except sqlite3.DatabaseError as problem:
        text = str(problem)
        if "interrupted" in text:  # out of time, nothing wrong so far
            return False
        if (
            isinstance(problem, sqlite3.OperationalError)
            and "malformed" not in text
            and "corrupt" not in text
        ):
            raise StoreError(
                f"{file}: the store cannot be opened ({text}); is another program using it?"
            ) from None
        return True


def move_aside(file: Path, now: datetime) -> Path:
    """Renames a damaged store, with its log, to `NAME.corrupt.TIME` and returns its new path."""
    aside = file.with_name(f"{file.name}.corrupt.{now:%Y%m%dT%H%M%S}")
    while aside.exists():
        aside = aside.with_name(aside.name + "x")
    file.rename(aside)
    for part in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            file.with_name(file.name + part).rename(aside.with_name(aside.name + part))
    return aside


def salvage(damaged_file: Path, file: Path) -> int:
    """Copies every row that can still be read into a fresh store; returns the number of sessions saved.

    A table is read from its front and from its back, so that one bad page costs little more than itself.
    """
    with contextlib.closing(sqlite3.connect(file, timeout=_BUSY)) as new:
        try:
            with contextlib.closing(sqlite3.connect(damaged_file, timeout=_BUSY)) as old:
                for table in schema.metadata.sorted_tables:
                    if table is not schema.schema:
                        _copy(old, new, table.name)
        except sqlite3.DatabaseError:
            pass  # not even a database: nothing to save
        new.commit()
        return int(new.execute("SELECT count(*) FROM session").fetchone()[0])


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    try:
        there = {row[1]: row[5] for row in old.execute(f"PRAGMA table_info({table})")}
        here = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    except sqlite3.DatabaseError:
        return
    columns = [name for name in here if name in there]
    if not columns:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    order = [f'"{name}"' for name, position in sorted(there.items(), key=lambda item: item[1]) if position]
    for way in ("ASC", "DESC"):
        by = ", ".join(f"{name} {way}" for name in order)
        try:
            for row in old.execute(f"SELECT {names} FROM {table} ORDER BY {by}"):  # noqa: S608
                with contextlib.suppress(sqlite3.IntegrityError):
                    new.execute(insert, row)
            return  # read to the end: the way back would bring nothing new
        except sqlite3.DatabaseError:
            continue


def back_up(file: Path, version: int) -> Path:
    """Copies the store beside itself before its tables are changed."""
    copy = file.with_name(f"{file.name}.v{version}.backup")
    with contextlib.suppress(FileNotFoundError):
        copy.unlink()
    os.close(os.open(copy, os.O_CREAT | os.O_RDWR, 0o600))
    with (
        contextlib.closing(sqlite3.connect(file, timeout=_BUSY)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def leftovers(file: Path) -> list[Path]:
    """The backups and damaged stores that lie beside a store; they hold what it held then."""
    return [
        path
        for path in file.parent.glob(f"{file.name}.*")
        if path.name.startswith(f"{file.name}.corrupt.") or path.name.endswith(".backup")
    ]


def rewrite(engine: Engine) -> None:
    """Rewrites the file without its deleted rows and empties the log, so that no byte of them stays."""
    with contextlib.closing(engine.raw_connection()) as borrowed:
        connection: Any = borrowed.driver_connection
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy is not None and busy[0]:
        raise StoreError(
            "the rows are deleted, but the store's log is still in use; "
            "close other pages and programs that use it and delete again"
        )
