"""The tables, and how an older store becomes a present one.

Written by the watcher: session, health, class_look, student_look, flag, hint, turn, read_name.
Written by the dashboard: title, marker, turn_note, answer, hint_answer, given_name, left_out,
merged.

Times are microseconds since 1970 in UTC (`*_us`) or seconds since the start of the session (`seconds`).
The many rows of `student_look` hold small whole numbers, which SQLite keeps in two bytes each: see SCALES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

from classroom_monitor.records import EXPRESSIONS

#: The version of the tables below. A change of a table raises it and adds a step to MIGRATIONS.
VERSION = 2

#: Steps per unit of the scaled columns of `student_look`: 1/10,000 of a probability or of valence, and a
#: tenth of a degree, are both far below what can be read off a face.
SCALES = {
    "valence": 10_000,
    "valence_usual": 10_000,
    **{f"p_{name}": 10_000 for name in EXPRESSIONS},
    "head_turn": 10,
    "eyes_closed": 10_000,
    "brow_furrow": 10_000,
}

metadata = MetaData()

schema = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

session = Table(
    "session",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("ended", Text),
    Column("source", Text, nullable=False),
    Column("rate", Double, nullable=False),
    Column("students_told", Boolean),
    Column("app_version", Text, nullable=False),
    Column("weights_sha256", Text, nullable=False),
    Column("class_only", Boolean, nullable=False),
    sqlite_autoincrement=True,  # a deleted session's key is never given to another
)


def _of_session(name: str, *columns: Column[Any], key: int) -> Table:
    """A table whose rows belong to a session; the first `key` columns after it make the primary key."""
    for column in columns[:key]:
        column.primary_key, column.nullable, column.autoincrement = True, False, False
    owner = Column("session", Integer, primary_key=True, autoincrement=False)
    return Table(name, metadata, owner, *columns, sqlite_with_rowid=False)


health = _of_session(
    "health",
    Column("state", Text, nullable=False),
    Column("utc_us", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    key=0,
)

class_look = _of_session(
    "class_look",
    Column("look", Integer),  # counts the looks of a session from 1
    Column("utc_us", BigInteger, nullable=False),
    Column("offset_min", SmallInteger, nullable=False),  # local time less UTC, minutes
    Column("seconds", Double, nullable=False),
    *(Column(name, Double) for name in ("valence", "low", "high", "spread")),
    *(Column(name, Integer, nullable=False) for name in ("seen", "camera_on", "expected")),
    Column("word", Text, nullable=False),
    Column("trend", Text, nullable=False),
    *(Column(f"share_{name}", Double) for name in EXPRESSIONS),
    key=1,
)

student_look = _of_session(
    "student_look",
    Column("look", Integer),
    Column("student", Integer),
    Column("presence", Text, nullable=False),
    Column("usable", SmallInteger, nullable=False),
    *(Column(name, SmallInteger) for name in SCALES),
    *(Column(name, Integer) for name in ("tile_x", "tile_y", "tile_w", "tile_h")),
    key=2,
)

flag = _of_session(
    "flag",
    Column("number", Integer),
    Column("student", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("raised", Double, nullable=False),
    Column("shown", Double),
    Column("cleared", Double),
    Column("looks", Integer, nullable=False),
    Column("looks_with", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    key=1,
)

hint = _of_session(
    "hint",
    Column("number", Integer),
    Column("seconds", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("since", Double, nullable=False),
    key=1,
)

turn = _of_session(
    "turn",
    Column("number", Integer),
    Column("seconds", Double, nullable=False),
    Column("text", Text, nullable=False),
    *(Column(name, Double) for name in ("before", "after", "low", "high")),
    key=1,
)

read_name = _of_session("read_name", Column("student", Integer), Column("name", Text, nullable=False), key=1)

title = _of_session(
    "title", Column("title", Text, nullable=False), Column("course", Text, nullable=False), key=0
)

marker = _of_session(
    "marker",
    Column("number", Integer),
    Column("seconds", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    key=1,
)

#: What the teacher says about a turn the program found: a note, or that it is to go.
turn_note = _of_session(
    "turn_note",
    Column("number", Integer),
    Column("text", Text, nullable=False),
    Column("removed", Boolean, nullable=False),
    key=1,
)

answer = _of_session("answer", Column("flag", Integer), Column("answer", Text, nullable=False), key=1)

hint_answer = _of_session(
    "hint_answer", Column("hint", Integer), Column("answer", Text, nullable=False), key=1
)

given_name = _of_session(
    "given_name", Column("student", Integer), Column("name", Text, nullable=False), key=1
)

left_out = _of_session("left_out", Column("student", Integer), key=1)

#: The teacher says that a student is the same person as another, under whose number both are read.
merged = _of_session("merged", Column("student", Integer), Column("into", Integer, nullable=False), key=1)

#: Tables with rows of single students: what retention purges, names included.
OF_STUDENTS = (student_look, flag, answer, read_name, given_name, left_out, merged)

#: Every table whose rows belong to a session.
OF_SESSION = tuple(table for table in metadata.sorted_tables if "session" in table.c)

#: From a version to the next: what to do inside one transaction.
MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: merged.create}
