"""The store's one class, put together from its parts, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy import inspect as look_into
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from classroom_monitor.clock import Clock
from classroom_monitor.errors import StoreError
from classroom_monitor.settings import StoreSettings, data_folder
from classroom_monitor.store import postgresql, schema, sqlite
from classroom_monitor.store.database import why
from classroom_monitor.store.looks import Looks
from classroom_monitor.store.readings import Readings
from classroom_monitor.store.remarks import Remarks
from classroom_monitor.store.sessions import Sessions
from classroom_monitor.store.students import Students


class Store(Readings, Looks, Sessions, Students, Remarks):
    """Sessions as numbers. See `classroom_monitor.store.open_store`.

    The methods may be called from several threads. Watcher and dashboard each open a store of their own on
    the same file; each table has one writer (`schema`). Every method raises StoreError, in one line, when
    the store cannot be read or written.
    """


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
        raise StoreError(f"the store cannot be opened: {why(problem)}") from None
