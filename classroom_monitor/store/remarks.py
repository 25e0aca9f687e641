"""Remarks on a session: flags and hints with the answers to them, markers and turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, select, update

from classroom_monitor.errors import StoreError
from classroom_monitor.records import Answer, Flag, FlagKind, Hint, HintKind, Marker, MarkerKind
from classroom_monitor.store import schema
from classroom_monitor.store.database import Database
from classroom_monitor.store.rows import LONGEST_TEXT, clean, marker_values


class Remarks(Database):
    """What the program remarked, what the teacher marked, and what the teacher answered."""

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

    def answer(self, session_id: str, flag: int, answer: Answer) -> None:
        """Keeps what the teacher said to a flag."""
        self._put(schema.answer, session_id, {"flag": flag}, {"answer": answer.value})

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

    def answer_hint(self, session_id: str, hint: int, answer: Answer) -> None:
        """Keeps what the teacher said to a pace hint."""
        self._put(schema.hint_answer, session_id, {"hint": hint}, {"answer": answer.value})

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

    def add_marker(self, session_id: str, marker: Marker) -> int:
        """Keeps a marker of the teacher; returns its number."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            table = schema.marker
            last = (
                connection.execute(select(func.max(table.c.number)).where(table.c.session == key)).scalar()
                or 0
            )
            connection.execute(insert(table).values(session=key, number=last + 1, **marker_values(marker)))
        return last + 1

    def edit_marker(self, session_id: str, marker: Marker) -> None:
        """Changes the marker with that number; of a turn found by the program only the text."""
        number = self._number(marker.number)
        if number < 0:
            note = {"text": clean(marker.text, LONGEST_TEXT), "removed": False}
            self._put(schema.turn_note, session_id, {"number": -number}, note)
            return
        with self._write() as connection:
            key, table = self._key(connection, session_id), schema.marker
            here = (table.c.session == key) & (table.c.number == number)
            if connection.execute(update(table).where(here).values(**marker_values(marker))).rowcount == 0:
                raise StoreError(f"there is no marker {number} in this session; it may have been deleted")

    def delete_marker(self, session_id: str, number: int) -> None:
        """Takes a marker away; a turn found by the program stays in the store, but is not shown again."""
        if number < 0:
            self._put(schema.turn_note, session_id, {"number": -number}, {"text": "", "removed": True})
            return
        self._put(schema.marker, session_id, {"number": number}, {}, drop=True)

    @staticmethod
    def _number(number: int | None) -> int:
        if number is None:
            raise StoreError("a marker without a number cannot be changed; add it first")
        return number
