"""Several teachers in one PostgreSQL database: who they are, and a schema for each one's sessions.

A schema of its own keeps a teacher's sessions apart by construction: no query can forget whose they are. It
has the teacher's name, so that a database account of that name writes into it without further settings, since
PostgreSQL looks for tables in the schema of the account's name first.
"""

from __future__ import annotations

import re

from sqlalchemy import Column, MetaData, Table, Text, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from classroom_monitor.clock import Clock
from classroom_monitor.errors import StoreError
from classroom_monitor.settings import StoreSettings
from classroom_monitor.store import postgresql
from classroom_monitor.store.database import why
from classroom_monitor.store.store import Store, open_store

#: Where the table of teachers stands: a schema that no teacher's account may use.
_SCHEMA = "classroom_monitor"

#: A teacher's name is the name of a schema: no quotes, no upper case, nothing to get wrong.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = re.compile(rf"pg_.*|public|information_schema|{_SCHEMA}")

_NEEDED = "several teachers need one PostgreSQL database; give it with --store postgresql+psycopg://…"

_metadata = MetaData(schema=_SCHEMA)

_teacher = Table(
    "teacher",
    _metadata,
    Column("name", Text, primary_key=True),
    Column("token_sha256", Text, nullable=False, unique=True),
)


class Teachers:
    """The teachers of a PostgreSQL database. Every method raises StoreError, in one line."""

    def __init__(self, url: str | None) -> None:
        """url: `postgresql+psycopg://…` of an account that may make schemas."""
        try:
            self._url = make_url(url or "")
        except ArgumentError:
            raise StoreError(_NEEDED) from None
        if self._url.get_backend_name() != "postgresql":
            raise StoreError(_NEEDED)
        self._engine = postgresql.open_engine(self._url)
        try:
            with self._engine.execution_options(writes=True).begin() as connection:
                connection.execute(CreateSchema(_SCHEMA, if_not_exists=True))
                _metadata.create_all(connection)
        except SQLAlchemyError as problem:
            self.close()
            raise _failed(problem) from None

    def add(self, name: str, token_sha256: str, clock: Clock, settings: StoreSettings) -> None:
        """Makes a teacher, with tables for the sessions, or gives a known one a new token.

        token_sha256: the digest of the token, which itself is kept nowhere. Where the database has an account
        of the teacher's name, it may read and write the teacher's tables and no others.
        """
        if not _NAME.fullmatch(name) or _TAKEN.fullmatch(name):
            raise StoreError(
                f"{name!r} cannot be a teacher's name: use a to z, 0 to 9 and _, a letter first, 40 at most"
            )
        try:
            with self._engine.execution_options(writes=True).begin() as connection:
                connection.execute(CreateSchema(name, if_not_exists=True))
            self.open(name, clock, settings).close()
            with self._engine.execution_options(writes=True).begin() as connection:
                found = text("SELECT 1 FROM pg_roles WHERE rolname = :name")
                if connection.execute(found, {"name": name}).scalar():
                    for grant in (
                        f"GRANT USAGE ON SCHEMA {name} TO {name}",
                        f"GRANT ALL ON ALL TABLES IN SCHEMA {name} TO {name}",
                        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {name} TO {name}",
                        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT ALL ON TABLES TO {name}",
                    ):
                        connection.execute(text(grant))
                values = {"name": name, "token_sha256": token_sha256}
                made = insert(_teacher).values(values)
                connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=values))
        except SQLAlchemyError as problem:
            raise _failed(problem) from None

    def remove(self, name: str) -> None:
        """The teacher's token opens nothing any more; the sessions stay in the database."""
        try:
            with self._engine.execution_options(writes=True).begin() as connection:
                gone = connection.execute(delete(_teacher).where(_teacher.c.name == name)).rowcount
        except SQLAlchemyError as problem:
            raise _failed(problem) from None
        if not gone:
            known = ", ".join(sorted(self.tokens().values())) or "none"
            raise StoreError(f"{name}: no such teacher; there are: {known}")

    def tokens(self) -> dict[str, str]:
        """The digest of each teacher's token, with the teacher's name."""
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(select(_teacher.c.token_sha256, _teacher.c.name))
                return {row.token_sha256: row.name for row in rows}
        except SQLAlchemyError as problem:
            raise _failed(problem) from None

    def close(self) -> None:
        """Lets the database go."""
        self._engine.dispose()

    def open(self, name: str, clock: Clock, settings: StoreSettings) -> Store:
        """The store of a teacher's sessions."""
        url = postgresql.in_schema(self._url, name).render_as_string(hide_password=False)
        return open_store(url, clock, settings)


def _failed(problem: SQLAlchemyError) -> StoreError:
    return StoreError(f"the database of the teachers cannot be used: {why(problem)}")
