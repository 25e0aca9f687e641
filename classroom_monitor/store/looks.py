"""The looks of a session, read as tables: the class, the students, and what is counted over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, case, func, select

from classroom_monitor.records import Presence, StudentState
from classroom_monitor.settings import FlagsSettings
from classroom_monitor.store import schema
from classroom_monitor.store.database import Database
from classroom_monitor.store.rows import SHARES, TILE, Row, state_of

_CLASS = ("valence", "low", "high", "spread")
_COUNTS = ("seen", "camera_on", "expected")

#: Who is not to be seen whatever the face does.
_NOT_HERE = (Presence.CAMERA_OFF, Presence.PHOTO, Presence.OTHER_PAGE, Presence.LEFT_OUT, Presence.GONE)


class Looks(Database):
    """What was read at every look."""

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
        frame: Row = {
            "time_utc": utc,
            "time_local": local,
            "seconds": np.array(columns["seconds"], dtype=np.float64),
        }
        frame |= {name: np.array(columns[name], dtype=np.float64) for name in _CLASS}
        frame |= {name: np.array(columns[name], dtype=np.int64) for name in _COUNTS}
        frame |= {name: np.array(columns[name], dtype=object) for name in ("word", "trend")}
        frame |= {name: np.array(columns[name], dtype=np.float64) for name in SHARES}
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
            same = self._merged(connection, key)
            if student is not None:
                numbers = [student, *(each for each, into in same.items() if into == student)]
                query = query.where(table.c.student.in_(numbers))
            rows = connection.execute(query.order_by(looks.c.look, table.c.student)).fetchall()
        columns = dict(zip([column.name for column in wanted], _turned(rows, len(wanted)), strict=True))
        utc, _ = _stamps(columns["utc_us"], [0] * len(rows))
        frame: Row = {"time_utc": utc, "seconds": np.array(columns["seconds"], dtype=np.float64)}
        frame["student"] = np.array(columns["student"], dtype=np.int64)
        frame["presence"] = np.array(columns["presence"], dtype=object)
        frame["usable"] = np.array(columns["usable"], dtype=np.int64)
        frame |= {
            name: np.array(columns[name], dtype=np.float64) / steps for name, steps in schema.SCALES.items()
        }
        frame |= {name: np.array(columns[name], dtype=np.float64) for name in TILE}
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
            same = self._merged(connection, key)
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
            same = self._merged(connection, key)
        found: dict[int, StudentState] = {}
        for state in sorted((state_of(dict(row)) for row in rows), key=_readable):
            number = same.get(state.student, state.student)
            found[number] = replace(state, student=number)  # of two rows of one person the more readable
        return tuple(found[number] for number in sorted(found))


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


def _turned(rows: Sequence[Any], width: int) -> Sequence[Sequence[Any]]:
    """Rows as columns, also when there are none."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _stamps(microseconds: Sequence[int], offsets: Sequence[int]) -> tuple[pd.Series, pd.Series]:
    """UTC times and local wall clock times."""
    utc = np.array(microseconds, dtype="datetime64[us]")
    local = utc + np.array(offsets, dtype="timedelta64[m]")
    return pd.Series(utc).dt.tz_localize("UTC"), pd.Series(local)
