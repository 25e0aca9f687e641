"""What is particular to PostgreSQL: where the tables stand, and that one writes at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from classroom_monitor.errors import StoreError

#: Connections that stay open between two requests, of each store in each process; more come and go.
_OPEN = 2

#: Locks by this name and that of the schema: each teacher's store has one writer at a time, as in SQLite.
_ONE_WRITER = text("SELECT pg_advisory_xact_lock(hashtext('classroom_monitor'), hashtext(current_schema()))")


def open_engine(url: URL) -> Engine:
    """An engine whose writers take turns. Raises StoreError where the driver is missing."""
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_size=_OPEN)
    except (ImportError, SQLAlchemyError):
        raise StoreError(
            f"{url.drivername}: no driver for this store; pip install 'classroom-monitor[postgres]' "
            "and write postgresql+psycopg://…"
        ) from None

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if connection.get_execution_options().get("writes"):
            connection.execute(_ONE_WRITER)

    return engine


def in_schema(url: URL, name: str) -> URL:
    """The same database, with `name` as the schema that tables are looked for and made in."""
    options = str(url.query.get("options", ""))
    return url.update_query_dict({"options": f"{options} -csearch_path={name}".strip()})
