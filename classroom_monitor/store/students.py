"""The students of a session: their names, who is left out, and who is really another one."""

from __future__ import annotations

from sqlalchemy import delete, insert

from classroom_monitor.errors import StoreError
from classroom_monitor.store import schema
from classroom_monitor.store.database import Database
from classroom_monitor.store.rows import clean


class Students(Database):
    """What is said of single students."""

    def names(self, session_id: str) -> dict[int, str]:
        """The names by student: the teacher's where there is one, else the one read."""
        same = self.merged(session_id)
        found: dict[int, str] = {}
        for table in (schema.read_name, schema.given_name):
            named = {row["student"]: row["name"] for row in self._rows(table, session_id)}
            found |= {same[student]: name for student, name in named.items() if student in same}
            found |= {student: name for student, name in named.items() if student not in same}
        return found

    def name_student(self, session_id: str, student: int, name: str) -> None:
        """Keeps the teacher's name for a student; an empty one goes back to the name read."""
        self._put(
            schema.given_name, session_id, {"student": student}, {"name": clean(name)}, drop=not name.strip()
        )

    def forget_names(self, session_id: str) -> None:
        """Deletes every name of a session, read or given; the students stay as pseudonyms."""
        with self._write() as connection:
            key = self._key(connection, session_id)
            for table in (schema.read_name, schema.given_name):
                connection.execute(delete(table).where(table.c.session == key))
        self._forget_deleted()

    def left_out(self, session_id: str) -> frozenset[int]:
        """The students that are left out."""
        same = self.merged(session_id)
        out = (row["student"] for row in self._rows(schema.left_out, session_id))
        return frozenset(same.get(student, student) for student in out)

    def leave_out(self, session_id: str, student: int, out: bool) -> None:
        """Keeps that a student is left out, or no longer."""
        self._put(schema.left_out, session_id, {"student": student}, {}, drop=not out)

    def merge_students(self, session_id: str, student: int, into: int) -> None:
        """Reads a student under another's number from now on, in all of the session; nothing is rewritten.

        Raises StoreError where both are the same one already.
        """
        with self._write() as connection:
            key = self._key(connection, session_id)
            student, into = (self._merged(connection, key).get(each, each) for each in (student, into))
            if student == into:
                raise StoreError(f"students {student} and {into} are one already")
            connection.execute(insert(schema.merged).values(session=key, student=student, into=into))

    def split_student(self, session_id: str, student: int) -> None:
        """Takes a merge back: that number is a student of its own again."""
        self._put(schema.merged, session_id, {"student": student}, {}, drop=True)
